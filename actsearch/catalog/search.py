"""Looking published units up by name, paper, year and property."""

import difflib
from collections.abc import Iterator, Sequence

from actsearch.catalog.entries import CATALOG
from actsearch.catalog.entry import Entry
from actsearch.catalog.module_entry import ModuleEntry
from actsearch.catalog.modules import MODULES
from actsearch.catalog.words import CURVE_WORDS, WORDS, words_of
from actsearch.language import ActsearchError

Unit = Entry | ModuleEntry
"""A row of the catalog: a program, or a module where no formula says it."""

_SYNONYMS = {
    "monotonic": "monotone",
    "trainable": "trained",
    "parametric": "trained",
    "gate": "gated",
    "gates": "gated",
    "normalizing": "normalising",
    "normalized": "normalising",
    "scalar": "shared",
}
_SIDED = "bounded"
_SIDES = ("above", "below")


def find(query: str = "") -> tuple[Unit, ...]:
    """Returns the published units for which every word of a query holds, in the order of the catalog.

    What is not known of a unit, such as whether a layer is monotone, neither holds nor its opposite does.

    Args:
      query: words. One of `actsearch.catalog.WORDS` is a property, "non-" or "un" before it its opposite, and "above"
        or "below" after (un)bounded a side; any other has to occur in the name, the paper with its year, or the notes.
        All units where it is empty.

    Raises:
      ActsearchError: a word that says nothing of any unit.

    Example:
      >>> [unit.name for unit in find("smooth non-monotone unbounded above fixed Misra 2019")]
      ['mish']
      >>> len(find("even periodic"))
      0
    """
    every: list[Unit] = [*CATALOG.values(), *MODULES.values()]
    units = every
    for word, holds in _words(query):
        if word in WORDS:
            units = [unit for unit in units if _holds(unit, word) is holds]
        elif not any(word in _text(unit) for unit in every):
            raise ActsearchError(_nothing(word))
        else:
            units = [unit for unit in units if word in _text(unit)]
    return tuple(units)


def properties_of(unit: Unit) -> frozenset[str]:
    """Returns the words of WORDS that hold for a unit: computed for a program, stated for a module."""
    return words_of(unit.program) if isinstance(unit, Entry) else unit.words | {"module"}


def _holds(unit: Unit, word: str) -> bool | None:
    """Returns whether a property holds; None where it is not known."""
    held = word in properties_of(unit)
    is_curve = isinstance(unit, Entry) and unit.program.kind == "activation"
    return held if held or is_curve or word not in CURVE_WORDS else None


def _words(query: str) -> Iterator[tuple[str, bool]]:
    """Yields each word, a side joined to the bound that it belongs to, and whether it shall hold."""
    words = query.lower().replace(",", " ").split()
    for place, text in enumerate(words):
        if text in _SIDES and place and words[place - 1].endswith(_SIDED):
            continue
        word, holds = _positive(text)
        following = words[place + 1 : place + 2]
        if word == _SIDED and following and following[0] in _SIDES:
            word = f"{word} {following[0]}"
        yield word, holds


def _positive(text: str) -> tuple[str, bool]:
    for prefix in ("non-", "not-", "non", "un", ""):
        word = text.removeprefix(prefix)
        word = _SYNONYMS.get(word, word)
        if text.startswith(prefix) and word in WORDS:
            return word, not prefix
    return text, True


def _text(unit: Unit) -> str:
    return f"{unit.name} {unit.paper} {unit.notes}".lower()


def _nothing(word: str) -> str:
    names: Sequence[str] = [*WORDS, *CATALOG, *MODULES]
    near = difflib.get_close_matches(word, names, n=3)
    advice = f"did you mean {', '.join(near)}?" if near else f"properties are {', '.join(WORDS)}."
    return f"No published unit is {word!r} by name, paper, year or property; {advice}"

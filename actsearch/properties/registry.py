"""The table of properties, and a user's own: from `register` on it stands on cards, in constraints and objectives."""

from collections.abc import Callable, Sequence
from typing import overload

from actsearch.language import ActsearchError, Kind, Program
from actsearch.language.names import is_identifier
from actsearch.properties.cost import COST
from actsearch.properties.depth import DEPTH
from actsearch.properties.gate import GATE
from actsearch.properties.kernel import KERNEL
from actsearch.properties.layer import LAYER
from actsearch.properties.moments import MOMENTS
from actsearch.properties.precision import PRECISION
from actsearch.properties.quantity import ANY, Measured, Property
from actsearch.properties.shape import SHAPE
from actsearch.properties.sparsity import SPARSITY

_PACKAGE = (*SHAPE, *MOMENTS, *DEPTH, *KERNEL, *SPARSITY, *PRECISION, *LAYER, *GATE, *COST)
_OWN: list[Property] = []

REGISTERED = "registered"
"""Family of a user's own properties, which is their heading on a card."""


class _Rows(Sequence[Property]):
    """The package's properties and those that were registered, read only."""

    @overload
    def __getitem__(self, index: int) -> Property: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Property]: ...
    def __getitem__(self, index: int | slice) -> Property | Sequence[Property]:
        return (*_PACKAGE, *_OWN)[index]

    def __len__(self) -> int:
        return len(_PACKAGE) + len(_OWN)


PROPERTIES: Sequence[Property] = _Rows()
"""Every property, in the order of a card, and those that `register` adds. Read only."""


def register(
    name: str, measure: Callable[[Program], Measured | float], summary: str, *, kinds: Sequence[Kind] = ("activation",)
) -> Property:
    """Adds a property to PROPERTIES, for this process; returns its row.

    Args:
      name: a word that is no property of these kinds yet.
      measure: program -> its value; a bare number counts as exact.
      summary: definition in one line.
      kinds: of programs that have it.

    Raises:
      ActsearchError: a name that is taken or no identifier, or no kind of programs.

    Example:
      >>> from actsearch.language import parse
      >>> from actsearch.properties import properties, register, unregister
      >>> row = register("nodes", lambda program: len(program.nodes), "nodes of the expression")
      >>> properties(parse("x * sigmoid(x)"), ["nodes"])["nodes"]
      3
      >>> unregister("nodes")
    """
    if not is_identifier(name):
        raise ActsearchError(f"A property's name is an identifier such as 'my_property'; received {name!r}.")
    if isinstance(kinds, str) or not kinds or not set(kinds) <= set(ANY):
        raise ActsearchError(f"kinds is a list of {', '.join(ANY)}; received {kinds!r}.")
    if any(row.name == name and set(row.kinds) & set(kinds) for row in PROPERTIES):
        raise ActsearchError(f"There is a property {name!r} already; register yours under another name.")

    def measured(program: Program) -> Measured:
        value = measure(program)
        return value if isinstance(value, Measured) else Measured(value)

    _OWN.append(Property(name, REGISTERED, summary, measured, tuple(kinds)))
    return _OWN[-1]


def unregister(name: str) -> None:
    """Takes back what `register` added.

    Raises:
      ActsearchError: nothing was added under this name.
    """
    rows = [row for row in _OWN if row.name == name]
    if not rows:
        raise ActsearchError(f"{name!r} cannot be taken back: only what was registered can.")
    _OWN.remove(rows[-1])

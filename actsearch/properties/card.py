"""Card: all that is known of a program without training it."""

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from actsearch.language import ActsearchError, Kind, Program
from actsearch.properties.quantity import Property, Quantity
from actsearch.properties.registry import PROPERTIES


@dataclasses.dataclass(frozen=True)
class Card:
    """What is known of a program at the initial values of its parameters.

    Attributes:
      program: what was measured.
      quantities: in the order of PROPERTIES, those that the program's kind has.
    """

    program: Program
    quantities: tuple[Quantity, ...]

    def __getitem__(self, name: str) -> Any:
        """Returns the value of a property.

        Raises:
          ActsearchError: the card does not have it.
        """
        values = {quantity.name: quantity.value for quantity in self.quantities}
        if name not in values:
            raise ActsearchError(f"This card has no {name!r}; write one of {', '.join(values)}.")
        return values[name]

    def to_json(self) -> dict[str, Any]:
        """Returns the card as JSON has it: null for what does not exist, and "inf", "-inf" for what is unbounded."""
        return {
            "formula": str(self.program),
            "kind": self.program.kind,
            "parameters": dict(self.program.parameters),
            "properties": {
                one.name: {
                    "value": _plain(one.value),
                    "certainty": one.certainty,
                    "error": one.error,
                    "definition": one.summary,
                }
                for one in self.quantities
            },
        }


def properties(program: Program, names: Iterable[str] | None = None) -> Card:
    """Returns the card of a program: its properties at the initial values of its parameters, in seconds, untrained.

    Args:
      program: an activation, a layer or a gate; each kind has properties of its own.
      names: of properties; all that the program's kind has when left out.

    Raises:
      ActsearchError: an activation that is not finite for every `|x| <= 20`, or a name that this kind does not have.

    Example:
      >>> from actsearch.language import parse
      >>> card = properties(parse("relu(x)"), ["he_gain", "lipschitz", "degree"])
      >>> round(card["he_gain"], 6), card["lipschitz"], card["degree"]
      (1.414214, 1.0, 1.0)
    """
    table = properties_by_name(program.kind)
    chosen = list(table.values()) if names is None else [_named(name, table, program) for name in names]
    return Card(program, tuple(_quantity(row, program) for row in chosen))


def properties_by_name(kind: Kind) -> Mapping[str, Property]:
    """Returns the properties of a kind of programs by name."""
    return {row.name: row for row in PROPERTIES if kind in row.kinds}


def _named(name: str, table: Mapping[str, Property], program: Program) -> Property:
    if name not in table:
        raise ActsearchError(
            f"{program} is {_NOUNS[program.kind]}, which has no property {name!r}; write one of {', '.join(table)}."
        )
    return table[name]


_NOUNS = {"activation": "an activation", "layer": "a layer", "gate": "a gate"}


def _quantity(row: Property, program: Program) -> Quantity:
    with np.errstate(all="ignore"):  # what overflows, 1e5 in float16 say, is a part of the answer
        return Quantity(row.name, row.family, *row.measure(program), row.summary)


def _plain(value: Any) -> Any:
    """Returns a value as JSON has it."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value

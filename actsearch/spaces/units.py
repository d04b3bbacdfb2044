"""A user's own space of core units, with the nesting of the Swish paper."""

from collections.abc import Sequence

from actsearch.language import INPUTS, ActsearchError, Program
from actsearch.spaces.base import Space
from actsearch.spaces.template import Slot, Template, as_option

MAX_UNITS = 4


def custom(
    unary: Sequence[str], binary: Sequence[str], units: int = 1, *, inputs: tuple[str, ...] = INPUTS[:1]
) -> Space:
    """Returns the space of `units` nested core units b(u1(.), u2(.)) over the given operators.

    Args:
      unary: formulas in `x`, or bare names: `"relu"`, `"beta * x"`, `"1"`.
      binary: formulas in `x` and `y`, bare names, or infix signs: `"*"`, `"max"`, `"x - y^2"`.
      units: number of core units, 1 to 4.
      inputs: `("x", "y")` for gates, whose first unit is b(u1(x), u2(y)).

    Raises:
      ActsearchError: an empty list, a repeated operator or `units` out of range; a ParseError where an operator is no
      formula.

    Example:
      >>> space = custom(unary=["x", "sigmoid", "beta * x"], binary=["*", "max"])
      >>> space.count(), str(space.decode((0, 1, 0)))
      (18, 'x * sigmoid(x)')
    """
    of = f" of {', '.join(inputs)}" if len(inputs) > 1 else ""
    name = f"custom({', '.join(unary)}; {', '.join(binary)}; {units}{of})"
    return units_space(name, unary, binary, units, inputs)


def units_space(
    name: str, unary: Sequence[str], binary: Sequence[str], units: int, inputs: tuple[str, ...] = INPUTS[:1]
) -> Space:
    """Returns the space of nested core units under a name; `custom`, `swish` and `gate` call it."""
    if not isinstance(units, int) or not 1 <= units <= MAX_UNITS:
        raise ActsearchError(f"units must be an integer from 1 to {MAX_UNITS}; received {units!r}.")
    one, two = _options("unary", unary, 1), _options("binary", binary, 2)
    slots: list[Slot] = []
    outputs = tuple(range(len(inputs)))
    first, second = outputs[:1], outputs[-1:]
    for unit in range(1, units + 1):
        register = len(inputs) + len(slots)  # that the next slot writes
        slots.append(Slot(f"unit{unit}.unary1", one, (first,)))
        slots.append(Slot(f"unit{unit}.unary2", one, (second,)))
        slots.append(Slot(f"unit{unit}.binary", two, ((register,), (register + 1,))))
        first = second = outputs = (*outputs, register + 2)
    return Space(name, Template(tuple(slots), inputs))


def _options(kind: str, texts: Sequence[str], arity: int) -> tuple[Program, ...]:
    if isinstance(texts, str) or not texts:
        raise ActsearchError(f"{kind} must be a list with at least one operator; received {texts!r}.")
    options = tuple(as_option(text, arity) for text in texts)
    if len(set(options)) != len(options):
        raise ActsearchError(f"{kind} names an operator twice: {', '.join(texts)}.")
    return options

"""The primitives that a program may contain, by name: those of the package, and those that `register` adds."""

import string
from types import MappingProxyType

import jax
import jax.numpy as jnp

from actsearch.language.code import code_digest
from actsearch.language.errors import ActsearchError
from actsearch.language.names import CONSTANTS, DEFAULT_PARAMETERS, is_identifier
from actsearch.language.primitives import ROWS
from actsearch.language.row import Precedence, Primitive

_LEAVES = ("input", "parameter", "scalar", "constant")  # what nodes without operands are called

_rows = {row.name: row for row in ROWS}

PRIMITIVES: MappingProxyType[str, Primitive] = MappingProxyType(_rows)
"""Every primitive by name, a view that follows `register`. Read only."""


def is_free(name: str) -> bool:
    """Returns whether a parameter may have this name: an ASCII identifier that means nothing else in text."""
    return is_identifier(name) and name not in PRIMITIVES


def identity(name: str) -> str:
    """Returns the name of a primitive, with a digest of its function where `register` added it."""
    row = PRIMITIVES[name]
    return name if row in ROWS else f"{name} {code_digest(row.function)}"


def register(primitive: Primitive) -> None:
    """Adds a primitive, in call syntax: from then on it is read, printed, simplified and evaluated as the others are.

    A program that uses it can be read only where it is registered, so call this in every process, before archives with
    such programs are opened, and never give one name two meanings.

    Args:
      primitive: an elementwise operation; name, arity and function suffice.

    Raises:
      ActsearchError: the name is taken or no identifier, or a column contradicts another; the message says which.

    Example:
      >>> import jax.numpy as jnp
      >>> from actsearch.language import Primitive, parse, register, unregister
      >>> register(Primitive("log1p", 1, jnp.log1p, domain="NaN for x < -1, -inf at -1"))
      >>> parse("x * log1p(x^2)")
      Program('x * log1p(x^2)')
      >>> unregister("log1p")
    """
    problem = _problem(primitive)
    if problem:
        raise ActsearchError(f"{primitive.name!r} cannot be a primitive: {problem}.")
    _rows[primitive.name] = primitive


def unregister(name: str) -> None:
    """Takes back what `register` added.

    Raises:
      ActsearchError: nothing was added under this name.
    """
    if name not in PRIMITIVES or PRIMITIVES[name] in ROWS:
        raise ActsearchError(f"{name!r} cannot be taken back: only what was registered can.")
    del _rows[name]


def _problem(row: Primitive) -> str | None:
    """Returns what keeps a row out of the table."""
    needed = row.arity - len(row.implicit)
    if not is_identifier(row.name) or row.name in (*_LEAVES, *CONSTANTS):
        return "a name is an ASCII identifier that means nothing else, such as 'my_unit'"
    if row.name in PRIMITIVES or row.name in DEFAULT_PARAMETERS:
        return f"the name is taken by a {'primitive' if row.name in PRIMITIVES else 'parameter'}; choose another"
    if row.symbol is not None or row.precedence != Precedence.ATOM:
        return "the signs of formulas are fixed; leave out symbol and precedence"
    if row.reduction is not None:
        return f"only elementwise operations can be registered; received the reduction {row.reduction.name}"
    if needed < 1 or not set(row.implicit) <= DEFAULT_PARAMETERS.keys():
        return f"it needs an operand, and implicit ones among {', '.join(DEFAULT_PARAMETERS)}"
    if row.parity not in (None, "even", "odd") or (row.parity and row.arity > 1):
        return f"parity is 'even' or 'odd', of one operand; received {row.parity!r}"
    if row.commutative and needed < 2:
        return "commutative needs two operands"
    if row.arity != 2 and (row.with_constant or row.with_itself):
        return f"with_constant and with_itself are rules for 2 operands; it has {row.arity}"
    if row.pole is not None and not 0 <= row.pole < row.arity:
        return f"pole is the number of an operand, 0 to {row.arity - 1}; received {row.pole}"
    return _problem_of_latex(row) or _problem_of_function(row)


def _problem_of_latex(row: Primitive) -> str | None:
    levels = {level.name.lower() for level in Precedence}
    try:
        parts = list(string.Formatter().parse(row.latex))
    except ValueError as error:
        return f"its LaTeX is no template ({error}); write {{{{ for a brace"
    literal = "".join(text for text, *_ in parts)
    if literal.count("{") != literal.count("}"):
        return "its LaTeX has a brace without its partner"
    fields = [(name, level or "") for _, name, level, _ in parts if name is not None]
    if not all(name.isdigit() or not name for name, _ in fields):
        return "its LaTeX has a place with a name; write {{ for a brace"
    if not {level for _, level in fields} <= {"", *levels}:
        return f"its LaTeX has a place of another kind than {', '.join(sorted(levels))}"
    places = {int(name or number) for number, (name, _) in enumerate(fields)}
    if row.latex and places != set(range(row.arity)):
        return f"its LaTeX needs a place {{}} for each of {row.arity} operands"
    return None


def _problem_of_function(row: Primitive) -> str | None:
    operand = jnp.zeros((2, 3), jnp.float32)
    try:
        result = jax.eval_shape(row.function, *[operand] * row.arity)
    except TypeError as error:  # another number of operands, or a function that JAX cannot trace, such as numpy's
        reason = str(error).partition("\n")[0].rstrip(".")
        operands = f"{row.arity} operand" + "s" * (row.arity > 1)
        return f"its function must take {operands}, and consist of JAX's functions; it says: {reason}"
    shape, dtype = getattr(result, "shape", None), getattr(result, "dtype", None)
    if (shape, dtype) != (operand.shape, operand.dtype):
        return f"its function must keep shape and dtype; float32 [2, 3] became {dtype} {list(shape or ())}"
    return None

"""Primitive: what a row of the table says. Printer, parser, simplifier, LaTeX, graph and engines read its columns."""

import dataclasses
import enum
from collections.abc import Callable

import jax

from actsearch.language.reductions import Reduction


class Precedence(enum.IntEnum):
    """How tightly a notation binds its operands; one that binds less than its place allows gets brackets."""

    SUM = 0
    PRODUCT = 1
    SIGN = 2
    POWER = 3
    ATOM = 4


class Result(enum.Enum):
    """What `simplify` puts in the place of a call."""

    ZERO = "0"
    ONE = "1"
    OTHER = "the other operand"
    NEGATED = "the other operand, negated"


@dataclasses.dataclass(frozen=True)
class WithConstant:
    """A rule of `simplify`: the value of a call of two operands where one of them is a certain constant.

    Attributes:
      operand: which of the two is the constant. The operands of a commutative primitive are ordered, constants first.
      constant: its value.
      result: what the call is.
      keeps_zero: whether the sign of a zero stays, so that the rule holds below a pole too.
    """

    operand: int
    constant: float
    result: Result
    keeps_zero: bool = False


@dataclasses.dataclass(frozen=True)
class Primitive:
    """One operation of the language.

    Attributes:
      name: the identifier used in text, `sigmoid` in `sigmoid(x)`.
      arity: number of operands, implicit ones included.
      function: arrays of one shape and dtype -> an array of that shape and dtype. That of a reduction takes the number
        of `groups` and the `epsilon` of `actsearch.language.reductions` too.
      latex: a template with a place for each operand: `{}` where brackets are never needed, `{:product}`, `{:power}`
        or `{:atom}` where an operand that binds less needs them. Empty for the name and the operands in brackets.
      domain: where the value is finite, and the convention at each kink.
      symbol: the sign of infix `+`, prefix `-` or postfix `^2`; None for call syntax.
      precedence: of its text.
      latex_precedence: of its LaTeX; None for the same.
      drawn: what a graph writes in its box, with operands a, b, c; None for the name.
      commutative: whether the first two operands may be exchanged.
      parity: "even" or "odd" for a unary with f(-x) = f(x) or f(-x) = -f(x), exactly in floating point; else None.
      pole: the operand at whose 0 the value is infinite with the sign of that 0; None if there is none.
      with_constant: rules of `simplify` for one constant operand.
      with_itself: what `simplify` puts in the place of a call whose two operands are equal.
      implicit: names of trainable parameters that a call may leave out: `rbf(a, b)` means `rbf(a, b, beta)`.
      reduction: which statistic of the whole tensor it is; None for an elementwise operation.
    """

    name: str
    arity: int
    function: Callable[..., jax.Array]
    latex: str = ""
    domain: str = ""
    symbol: str | None = None
    _: dataclasses.KW_ONLY
    precedence: Precedence = Precedence.ATOM
    latex_precedence: Precedence | None = None
    drawn: str | None = None
    commutative: bool = False
    parity: str | None = None
    pole: int | None = None
    with_constant: tuple[WithConstant, ...] = ()
    with_itself: Result | None = None
    implicit: tuple[str, ...] = ()
    reduction: Reduction | None = None

    @property
    def kind(self) -> str:
        """Either "elementwise" or "reduction"."""
        return "reduction" if self.reduction else "elementwise"

"""The space of gates: functions of the two linear maps of a gated feed-forward, after the GLU family."""

from actsearch.language import INPUTS
from actsearch.spaces.base import Space
from actsearch.spaces.swish_space import BINARY
from actsearch.spaces.swish_space import UNARY as SWISH_UNARY
from actsearch.spaces.units import units_space

UNARY = (*SWISH_UNARY, "silu", "gelu")
"""The unary functions of the Swish paper, and the two that the GLU family adds."""


def gate(units: int = 1) -> Space:
    """Returns the space of gates: `units` core units, the first of which is b(u1(x), u2(y)).

    `x` is the input that GLUs activate, `y` the other. A later unit reads `x`, `y` or an earlier unit's output. One
    unit has 27 * 27 * 10 = 7,290 expressions, among them GLU, ReGLU, GEGLU, SwiGLU and the bilinear gate, also with `x`
    and `y` exchanged; some read one input alone, which the gates of evaluation reject.

    Args:
      units: number of core units, 1 to 4.

    Raises:
      ActsearchError: `units` out of range.

    Source: ours, the operators of Ramachandran, Zoph and Le 2017 on the two inputs of Shazeer 2020 (GLU Variants
    Improve Transformer), who chose among five gates by hand.

    Example:
      >>> space = gate()
      >>> space.count(), space.kind
      (7290, 'gate')
      >>> space.decode((25, 0, 1))
      Program('silu(x) * y')
    """
    return units_space(f"gate-{units}", UNARY, BINARY, units, INPUTS)

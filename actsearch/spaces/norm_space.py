"""A space of normalisers for sequences: statistics of one position's features, and pointwise maps in their place."""

from actsearch.language import parse
from actsearch.spaces.base import Space
from actsearch.spaces.template import Slot, Template, as_option

CENTRE = ("x", "x - feature_mean(x)", "param alpha = 0.5; alpha * x")
"""What is normalised: the features, the features around their mean, or scaled by a trained alpha as in DyT."""

SCALE = (
    "1",
    "feature_rms(x)",
    "feature_std(x)",
    "feature_mean(abs(x))",
    "1 + feature_rms(x)",
    "1 + abs(x)",
    "sqrt(1 + x^2)",
    "exp(x)",
)
"""What it is combined with: a statistic of the features, or a function of the feature itself."""

BINARY = ("/", "*", "+", "-", "max")

MAP = ("x", "tanh", "erf", "atan", "asinh", "softsign", "sin", "signed_sqrt", "signed_log", "relu", "sigmoid")
"""What the result passes through; tanh, erf, atan, softsign, sin and sigmoid are bounded."""


def norm() -> Space:
    """Returns the space of f(b(centre(x), scale(x))) * gamma + shift: 3 * 8 * 5 * 11 = 1,320 expressions.

    gamma starts at 1, shift at 0 and alpha at 0.5, one trained value of each per feature. No statistic runs over
    positions or examples, so that every member keeps a causal network causal. LayerNorm, RMSNorm with an offset and DyT
    are members; Derf is but for its shift inside erf.

    Source: ours, after Zhu et al. 2025 (Transformers without Normalization) and Chen et al. 2025 (Stronger
    Normalization-Free Transformers), who chose among a few pointwise maps by hand.

    Example:
      >>> space = norm()
      >>> space.count(), space.kind
      (1320, 'layer')
      >>> str(space.decode((1, 2, 0, 0)))
      '(x - feature_mean(x)) / feature_std(x) * gamma + shift'
    """
    centre, scale, maps = (tuple(as_option(text, 1) for text in texts) for texts in (CENTRE, SCALE, MAP))
    slots = (
        Slot("centre", centre, ((0,),)),
        Slot("scale", scale, ((0,),)),
        Slot("binary", tuple(as_option(text, 2) for text in BINARY), ((1,), (2,))),
        Slot("map", maps, ((3,),)),
        Slot("affine", (parse("x * gamma + shift"),), ((4,),)),
    )
    return Space("norm", Template(slots))

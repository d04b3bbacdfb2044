"""What a layer costs, as numbers; `actsearch.evaluation.measure_costs` fills it, tables print it beside scores."""

import math
from typing import NamedTuple


class Cost(NamedTuple):
    """What one application of a layer costs, or its ratio to that of another layer.

    Attributes:
      flops: of the forward pass: floating-point operations and evaluations of exp, tanh and the like, as XLA counts.
      bytes: read and written by the forward pass after XLA's fusion.
      forward_ms: milliseconds of the forward pass, on the machine that measured it.
      backward_ms: milliseconds of the gradients by input and parameters, with what they need of the forward pass.
    """

    flops: float
    bytes: float
    forward_ms: float
    backward_ms: float

    def relative_to(self, other: "Cost") -> "Cost":
        """Returns the ratios of all four numbers; NaN where both are 0, inf where the other's alone is.

        Example:
          >>> Cost(4.0, 8.0, 0.3, 0.5).relative_to(Cost(2.0, 8.0, 0.1, 0.5)).flops
          2.0
        """
        return Cost(*(_ratio(a, b) for a, b in zip(self, other, strict=True)))


def _ratio(a: float, b: float) -> float:
    return a / b if b else (math.inf if a else math.nan)

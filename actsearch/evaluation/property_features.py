"""Properties as features of the surrogate controller."""

import dataclasses
import functools
import math

import numpy as np
from numpy.typing import NDArray

from actsearch.evaluation.objectives import Objective, objectives_of
from actsearch.language import Program
from actsearch.spaces import Space


@dataclasses.dataclass(frozen=True)
class PropertyFeatures:
    """Some properties of a space's programs as numbers near 1: further features for `Surrogate(spectrum=...)`.

    A value v becomes asinh(v), so that a slope of 1,000 stays comparable; what does not exist becomes 0.

    Args:
      space: where the choices come from.
      names: of properties that are numbers, and that the space's kind has.

    Raises:
      ActsearchError: as `objectives_of`.

    Example:
      >>> from actsearch.language import parse
      >>> from actsearch.spaces import swish
      >>> features = PropertyFeatures(swish(), ("lipschitz", "operations"))
      >>> features(np.array([swish().encode(parse("x * sigmoid(x)")).choices], np.int32)).round(2).tolist()
      [[0.95, 1.44]]
    """

    space: Space
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        objectives_of(self.names, self.space.kind)

    def __repr__(self) -> str:
        return f"PropertyFeatures(space={self.space.name!r}, names={self.names!r})"

    def __call__(self, choices: NDArray[np.int32]) -> NDArray[np.float64]:
        """Returns the features of programs, float64 [n, names]."""
        rows = [self.space.decode(self.space.genotype(row)) for row in choices.tolist()]
        return np.array([[_feature(name, program) for name in self.names] for program in rows]).reshape(
            len(rows), len(self.names)
        )


@functools.lru_cache(maxsize=1 << 16)  # a model is fitted to the same functions again and again
def _feature(name: str, program: Program) -> float:
    value = math.asinh(Objective(name)(program))
    return value if math.isfinite(value) else 0.0

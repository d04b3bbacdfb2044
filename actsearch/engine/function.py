"""What a network needs to know of a candidate, whichever engine computes it: the records that both engines return."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import jax

from actsearch.language import reductions


class NormSettings(NamedTuple):
    """How statistics are computed: most groups of features, and what is added inside their roots."""

    groups: int = reductions.GROUPS
    epsilon: float = reductions.EPSILON


Evaluate = Callable[
    [jax.Array, Mapping[str, jax.Array], jax.Array | None, NormSettings],
    tuple[jax.Array, jax.Array],
]
"""What a LayerFunction computes with; see there."""


class LayerFunction(NamedTuple):
    """A program as a network sees it, whichever engine runs it.

    Attributes:
      name: for messages.
      parameters: initial value of each trainable parameter, by key.
      moments: initial value of each moving average, [averages]: one for each batch reduction.
      function: (x [..., channels], {key: value}, moving averages [averages, channels] or None, NormSettings) -> an
        array like `x`, and the moments that were used, [averages, channels]: the batch's own where `None` was given.
        That of `specialize` is hashable and pickles.
    """

    name: str
    parameters: Mapping[str, float]
    moments: Sequence[float] | jax.Array
    function: Callable[
        [jax.Array, Mapping[str, jax.Array], jax.Array | None, NormSettings], tuple[jax.Array, jax.Array]
    ]

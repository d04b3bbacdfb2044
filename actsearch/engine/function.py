"""What a network needs to know of a candidate, whichever engine computes it: the records that every engine returns."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import jax

from actsearch.language import INPUTS, reductions


class NormSettings(NamedTuple):
    """How statistics are computed.

    Attributes:
      groups: most groups of features.
      epsilon: added inside their roots.
      axis_name: name of a mapped axis (of `shard_map`, `vmap` or `pmap`) over which statistics over the batch are
        averaged; None for those of each member alone.
      axis_index_groups: groups of indices of that axis that average among themselves; None for one group of all.
    """

    groups: int = reductions.GROUPS
    epsilon: float = reductions.EPSILON
    axis_name: str | None = None
    axis_index_groups: tuple[tuple[int, ...], ...] | None = None


class Evaluate(Protocol):
    """The signature of a LayerFunction's function."""

    def __call__(
        self,
        x: jax.Array,
        parameters: Mapping[str, jax.Array],
        moving: jax.Array | None,
        settings: NormSettings,
        mask: jax.Array | None = None,
        y: jax.Array | None = None,
    ) -> tuple[jax.Array, jax.Array]:
        """Evaluates a program on a tensor, or on two.

        Where the program has reductions, everything is computed in float32 or wider and rounded last, to the dtype of
        `x`; else it is computed in the dtype of `x`.

        Args:
          x: floating-point [..., features]; [batch, ..., features] where there are reductions.
          parameters: [features] each, a shared one [].
          moving: moments in the place of the batch's, [averages, features]; None for the batch's own.
          settings: how statistics are computed.
          mask: boolean, broadcastable to `x`, the positions that statistics over the batch count; None for all.
          y: the second input of a gate, like `x`; None for a program of one input.

        Returns:
          An array like `x`, and the moments that were used, [averages, features], float32 or wider.
        """
        ...


class LayerFunction(NamedTuple):
    """A program as a network sees it, whichever engine runs it.

    Attributes:
      name: for messages.
      parameters: initial value of each trainable parameter, by key.
      moments: initial value of each moving average, [averages]: one for each batch reduction.
      function: what it computes. That of `specialize` is equal for equal programs, hashable, and pickles.
      inputs: names of the inputs that it takes, `("x",)` or `("x", "y")`.
      shared: keys of the parameters that hold a single value, a scalar, for all features.
    """

    name: str
    parameters: Mapping[str, float]
    moments: Sequence[float] | jax.Array
    function: Evaluate
    inputs: tuple[str, ...] = INPUTS[:1]
    shared: frozenset[str] = frozenset()

    def shape_of(self, key: str, features: int) -> tuple[int, ...]:
        """Returns the shape of a parameter of a layer of so many features."""
        return () if key in self.shared else (features,)

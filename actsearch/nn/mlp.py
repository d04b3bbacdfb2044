"""A multilayer perceptron with a site after each hidden linear map."""

import dataclasses
import itertools
from collections.abc import Sequence

import jax
from flax import nnx

from actsearch.nn.initial import he_normal
from actsearch.nn.layer import LayerFactory


class MLP(nnx.Module):
    """A multilayer perceptron: (linear, layer) for each hidden width, then a linear head.

    Args:
      features: input features, hidden widths and outputs: `(64, 128, 128, 10)` has two hidden layers.
      layer: makes the layer of a site from its number of features.
      rngs: for the He-normal initial weights; biases start at 0.
    """

    def __init__(self, features: Sequence[int], layer: LayerFactory, *, rngs: nnx.Rngs):
        widths = list(features)
        self.linears = nnx.List(
            [nnx.Linear(a, b, kernel_init=he_normal, rngs=rngs) for a, b in itertools.pairwise(widths)]
        )
        self.layers = nnx.List([layer(width) for width in widths[1:-1]])

    def __call__(self, x: jax.Array) -> jax.Array:
        for linear, layer in zip(self.linears, self.layers, strict=False):
            x = layer(linear(x))
        return self.linears[-1](x)


@dataclasses.dataclass(frozen=True)
class MLPConfig:
    """An MLP's arguments as a value that can be compared and pickled; called with a layer factory it makes one.

    Attributes:
      features: input features, hidden widths and outputs.

    Example:
      >>> import jax.numpy as jnp
      >>> from flax import nnx
      >>> network = MLPConfig((8, 4, 2))(lambda features: nnx.relu, rngs=nnx.Rngs(0))
      >>> network(jnp.ones((3, 8))).shape
      (3, 2)
    """

    features: tuple[int, ...]

    def __call__(self, layer: LayerFactory, *, rngs: nnx.Rngs) -> MLP:
        """Returns the network with `layer(features)` at each site."""
        return MLP(self.features, layer, rngs=rngs)

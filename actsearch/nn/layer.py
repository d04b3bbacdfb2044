"""The Flax layer that holds a candidate: its function, and one trainable value per channel for each parameter."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import nnx

from actsearch.engine import Activation, specialize
from actsearch.language import Program

LayerFactory = Callable[[int], nnx.Module]
"""What a network's site takes: number of features -> layer. The same network code serves every kind of candidate."""


class Layer(nnx.Module):
    """A candidate as a Flax NNX layer.

    Args:
      activation: a Program, or an Activation where the function is not the program's own (the interpreter's).
      num_features: size of the last axis, at least 1.

    Attributes:
      parameters: the trainable parameters by name, each an `nnx.Param` [num_features].

    Raises:
      ValueError: `num_features` below 1, or on a call an input whose last axis has another size.

    Example:
      >>> import jax.numpy as jnp, actsearch
      >>> layer = Layer(actsearch.parse("x * sigmoid(beta * x)"), num_features=3)
      >>> layer(jnp.ones((2, 3))).shape, layer.parameters["beta"].shape
      ((2, 3), (3,))
    """

    def __init__(self, activation: Program | Activation, num_features: int):
        if num_features < 1:
            raise ValueError(f"num_features must be at least 1; received {num_features}.")
        self.activation = specialize(activation) if isinstance(activation, Program) else activation
        self.num_features = num_features
        self.parameters = nnx.Dict(
            {key: nnx.Param(jnp.full(num_features, value)) for key, value in self.activation.parameters.items()}
        )

    def __call__(self, x: jax.Array) -> jax.Array:
        if x.ndim == 0 or x.shape[-1] != self.num_features:
            raise ValueError(
                f"The layer {self.activation.name} has {self.num_features} features; received an input of shape "
                f"{x.shape}: make the layer with the size of the last axis."
            )
        return self.activation.function(x, {key: value[...].astype(x.dtype) for key, value in self.parameters.items()})

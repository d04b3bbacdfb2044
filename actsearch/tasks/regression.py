"""Regression: a family of tasks. Inputs and targets are float32 vectors; the loss is the mean squared error."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from actsearch.nn import LayerFactory
from actsearch.tasks.base import Data, Task, streams
from actsearch.tasks.classification import Network
from actsearch.tasks.datasets.base import Array
from actsearch.tasks.recipe import Precision, Recipe


class Pairs(NamedTuple):
    """Examples of one part: inputs float32 [examples, ...] and targets float32 [examples, outputs]."""

    inputs: Array
    targets: Array


@dataclasses.dataclass(frozen=True, kw_only=True)
class Regression(Task):
    """A regression task; its score is 1 / (1 + mse / variance of the targets), in [0, 1].

    0.5 is what the mean of the targets would score, 1 is no error.

    Attributes:
      load: returns the three parts, each of Pairs, the same on every call: a function of a module, so that the task can
        be pickled.
      shape: of one example's inputs, so that networks are made and traced without the data.
      outputs: number of targets of one example.
      network: (layer factory, rngs) -> Flax module with a candidate at every site, inputs -> [batch, outputs].
      recipe: how it is trained.

    Example:
      >>> from actsearch.tasks import get_task
      >>> task = get_task("inr-photo")
      >>> task.shape, task.outputs, round(task.score({"relative_loss": 0.25}), 2)
      ((2,), 3, 0.8)
    """

    load: Callable[[], Data]
    shape: tuple[int, ...]
    outputs: int
    network: Network
    recipe: Recipe

    def data(self) -> Data:
        """Returns the three parts."""
        return self.load()

    @property
    def dtype(self) -> Precision:
        """The recipe's."""
        return self.recipe.dtype

    def init(self, layer: LayerFactory, key: jax.Array) -> nnx.Module:
        """Returns the network with its initial weights."""
        return self.network(layer, rngs=streams(key))

    def optimizer(self, rate_scale: jax.Array | float = 1.0) -> optax.GradientTransformation:
        """Returns the recipe's optimizer for this number of steps."""
        return self.recipe.optimizer(self.steps, rate_scale)

    def loss(self, network: Any, batch: Pairs, key: jax.Array | None = None) -> jax.Array:
        """Returns the mean squared error of a batch over examples and outputs, a scalar."""
        outputs = network(jnp.asarray(batch.inputs, self.dtype)).astype(jnp.float32)
        return jnp.mean(jnp.square(outputs - batch.targets))

    def metrics(self, network: Any, examples: Pairs) -> dict[str, jax.Array]:
        """Returns `loss`, and `relative_loss`: the loss over the targets' variance within these examples."""
        loss, variance = self.loss(network, examples), jnp.mean(jnp.var(jnp.asarray(examples.targets), axis=0))
        return {"loss": loss, "relative_loss": loss / variance}

    def score(self, metrics: Mapping[str, float]) -> float:
        """Returns 1 / (1 + relative loss), in [0, 1]; 0 for anything that is not a number."""
        relative = float(metrics["relative_loss"])
        return 1 / (1 + relative) if relative == relative else 0.0

    def abstract_batch(self) -> Pairs:
        """Returns one batch of zeros with the shapes and dtypes of real ones; no data is needed."""
        inputs = np.zeros((self.batch_size, *self.shape), np.float32)
        return Pairs(inputs, np.zeros((self.batch_size, self.outputs), np.float32))

"""Task: data, network, training recipe and metric under one name that fixes every number in it.

To change a number is to make a new task with a new name, so that scores of one name compare everywhere.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from actsearch.nn import LayerFactory

Array = np.ndarray | jax.Array


class Split(NamedTuple):
    """Examples of one part: inputs uint8 [examples, ...] and labels int32 [examples]."""

    inputs: Array
    labels: Array


class Data(NamedTuple):
    """The three parts of a data set; a search never reads `test`."""

    train: Split
    validation: Split
    test: Split


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Attributes:
      steps: number of gradient steps, at a constant learning rate.
      batch_size: examples a step, drawn with replacement.
      learning_rate: of stochastic gradient descent.
      momentum: its momentum.
      rate_rule: how the learning rate was chosen, for people.
    """

    steps: int
    batch_size: int
    learning_rate: float
    rate_rule: str
    momentum: float = 0.9

    def optimizer(self, scale: jax.Array | float = 1.0) -> optax.GradientTransformation:
        """Returns the optimizer, its learning rate times `scale`, which may be a traced value."""
        return optax.sgd(self.learning_rate * scale, momentum=self.momentum)


@dataclasses.dataclass(frozen=True)
class Task:
    """A classification task.

    Attributes:
      name: fixes every number below.
      summary: data and network in a few words.
      data: returns the data, the same on every call.
      network: (layer factory, rngs) -> Flax module with a candidate at every site, inputs -> logits [batch, classes].
      recipe: how it is trained.
      scale: divides the uint8 inputs.

    Example:
      >>> from actsearch.tasks import get_task
      >>> task = get_task("digits-mlp")
      >>> task.data().train.inputs.shape
      (899, 64)
    """

    name: str
    summary: str
    data: Callable[[], Data]
    network: Callable[[LayerFactory, nnx.Rngs], nnx.Module]
    recipe: Recipe
    scale: float

    def init(self, layer: LayerFactory, key: jax.Array) -> nnx.Module:
        """Returns the network with its initial weights."""
        return self.network(layer, nnx.Rngs(params=key))

    def loss(self, network: nnx.Module, inputs: Array, labels: Array) -> jax.Array:
        """Returns the mean cross entropy of a batch, a scalar."""
        logits = network(inputs / self.scale)
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    def evaluate(self, network: nnx.Module, inputs: Array, labels: Array) -> dict[str, jax.Array]:
        """Returns the metrics of a part: `accuracy` in [0, 1] and `loss`, the mean cross entropy."""
        logits = network(inputs / self.scale)
        finite = jnp.isfinite(logits).all(axis=-1)
        correct = (jnp.argmax(logits, axis=-1) == labels) & finite
        loss = optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()
        return {"accuracy": jnp.mean(correct), "loss": loss}

    def batches(self, key: jax.Array, examples: int) -> jax.Array:
        """Returns the example numbers of every step, int32 [steps, batch]; drawn with replacement."""
        return jax.random.randint(key, (self.recipe.steps, self.recipe.batch_size), 0, examples)

    def normalize(self, metrics: Mapping[str, float]) -> float:
        """Returns the score of one training in [0, 1]: the accuracy, 0 for anything that is not a number."""
        accuracy = float(metrics["accuracy"])
        return min(max(accuracy, 0.0), 1.0) if accuracy == accuracy else 0.0

    def abstract_batch(self) -> Split:
        """Returns one batch of zeros with the shapes and dtypes of real ones; tests need no data."""
        train = self.data().train
        size = self.recipe.batch_size
        return Split(np.zeros((size, *train.inputs.shape[1:]), train.inputs.dtype), np.zeros(size, train.labels.dtype))

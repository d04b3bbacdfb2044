"""Task: data, network, training recipe and metric under one name that fixes every number in it.

To change a number is to make a new task with a new name, so that scores of one name compare everywhere.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from actsearch.nn import LayerFactory

Array = np.ndarray | jax.Array
_CHUNK = 1_000


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
      steps: number of gradient steps.
      batch_size: examples a step, drawn with replacement.
      learning_rate: of stochastic gradient descent.
      momentum: its momentum.
      rate_rule: how the learning rate was chosen, for people.
      schedule: "constant", or "cosine": from the learning rate down to 0 at the last step.
      nesterov: whether the momentum is Nesterov's.
      weight_decay: times the weights, added to the gradient of kernels; never of what there is one of per channel, so
        that it is the same for candidates with and without parameters of their own.
    """

    steps: int
    batch_size: int
    learning_rate: float
    rate_rule: str
    momentum: float = 0.9
    schedule: Literal["constant", "cosine"] = "constant"
    nesterov: bool = False
    weight_decay: float = 0.0

    def __post_init__(self):
        if self.schedule not in ("constant", "cosine"):
            raise ValueError(f'schedule is "constant" or "cosine"; received {self.schedule!r}.')

    def optimizer(self, scale: jax.Array | float = 1.0) -> optax.GradientTransformation:
        """Returns the optimizer, its learning rate times `scale`, which may be a traced value."""
        rate = self.learning_rate * scale
        schedule = rate if self.schedule == "constant" else optax.cosine_decay_schedule(rate, self.steps)
        descent = optax.sgd(schedule, momentum=self.momentum, nesterov=self.nesterov)
        return optax.chain(_decay(self.weight_decay), descent) if self.weight_decay else descent


class Quality(NamedTuple):
    """The quality gate of layers: after `steps` steps, validation accuracy below `accuracy` ends the training."""

    steps: int
    accuracy: float


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
      shape: of one example's inputs, so that networks are made and traced without the data.
      augment: (inputs [batch, ...], key) -> inputs, before anything else; the key is None in evaluation.
      quality: the early gate of a search for layers; None for none.
      groups: most groups of channels of a layer's group reductions.
      layers: whether a candidate is a whole normalisation-activation layer; False: an activation after BatchNorm, if
        there is any.

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
    shape: tuple[int, ...]
    augment: Callable[[jax.Array, jax.Array | None], jax.Array] | None = None
    layers: bool = False
    quality: Quality | None = None
    groups: int = 32

    def init(self, layer: LayerFactory, key: jax.Array) -> nnx.Module:
        """Returns the network with its initial weights."""
        return self.network(layer, nnx.Rngs(params=key))

    def loss(self, network: nnx.Module, inputs: Array, labels: Array, key: jax.Array | None = None) -> jax.Array:
        """Returns the mean cross entropy of a batch, a scalar; `key` draws its augmentation, None: as in evaluation."""
        logits = self._logits(network, inputs, key)
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    def evaluate(self, network: nnx.Module, inputs: Array, labels: Array) -> dict[str, jax.Array]:
        """Returns the metrics of a part: `accuracy` in [0, 1] and `loss`, the mean cross entropy.

        A part of more than 2,000 examples is taken in chunks, one after another, to bound the memory.
        """
        logits = self._logits_in_chunks(network, inputs)
        finite = jnp.isfinite(logits).all(axis=-1)
        correct = (jnp.argmax(logits, axis=-1) == labels) & finite
        loss = optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()
        return {"accuracy": jnp.mean(correct), "loss": loss}

    def _logits(self, network, inputs: Array, key: jax.Array | None) -> jax.Array:
        seen = inputs if self.augment is None else self.augment(jnp.asarray(inputs), key)
        return network(seen / self.scale)

    def _logits_in_chunks(self, network, inputs: Array) -> jax.Array:
        examples = len(inputs)
        if examples <= 2 * _CHUNK:
            return self._logits(network, inputs, None)
        filled = jnp.pad(jnp.asarray(inputs), ((0, -examples % _CHUNK), *[(0, 0)] * (inputs.ndim - 1)))
        chunks = filled.reshape(-1, _CHUNK, *inputs.shape[1:])
        logits = jax.lax.map(lambda chunk: self._logits(network, chunk, None), chunks)
        return logits.reshape(len(filled), -1)[:examples]

    @property
    def rungs(self) -> tuple[int, ...]:
        """Steps of ever longer trainings for successive halving: a ninth, a third and all of the recipe's."""
        steps = self.recipe.steps
        return tuple(dict.fromkeys(max(1, round(steps / part)) for part in (9, 3, 1)))

    def at_rung(self, rung: int) -> "Task":
        """Returns the task trained as long as one of its rungs says, under a name of its own such as digits-mlp@56.

        Raises:
          ValueError: no such rung.
        """
        if not 0 <= rung < len(self.rungs):
            raise ValueError(f"{self.name} has the rungs 0 to {len(self.rungs) - 1}; received {rung}.")
        return self.shortened(self.rungs[rung])

    def shortened(self, steps: int) -> "Task":
        """Returns the task with another number of steps, in its name too; its schedule ends with them.

        A quality gate that would come after the end is left out.

        Raises:
          ValueError: `steps` below 1.

        Example:
          >>> from actsearch.tasks import get_task
          >>> get_task("digits-mlp").shortened(100).name
          'digits-mlp@100'
        """
        if steps < 1:
            raise ValueError(f"A task needs at least 1 step; received {steps}.")
        if steps == self.recipe.steps:
            return self
        quality = self.quality if self.quality and self.quality.steps < steps else None
        recipe = dataclasses.replace(self.recipe, steps=steps)
        return dataclasses.replace(self, name=f"{self.name}@{steps}", recipe=recipe, quality=quality)

    def batches(self, key: jax.Array, examples: int) -> jax.Array:
        """Returns the example numbers of every step, int32 [steps, batch]; drawn with replacement."""
        return jax.random.randint(key, (self.recipe.steps, self.recipe.batch_size), 0, examples)

    def normalize(self, metrics: Mapping[str, float]) -> float:
        """Returns the score of one training in [0, 1]: the accuracy, 0 for anything that is not a number."""
        accuracy = float(metrics["accuracy"])
        return min(max(accuracy, 0.0), 1.0) if accuracy == accuracy else 0.0

    def abstract_batch(self) -> Split:
        """Returns one batch of zeros with the shapes and dtypes of real ones; tests need no data."""
        size = self.recipe.batch_size
        return Split(np.zeros((size, *self.shape), np.uint8), np.zeros(size, np.int32))


def _decay(weight_decay: float) -> optax.GradientTransformation:
    """Adds `weight_decay` times the kernels to their gradients."""

    def update(gradient: jax.Array, parameter: jax.Array) -> jax.Array:
        return gradient + weight_decay * parameter if parameter.ndim > 1 else gradient

    return optax.stateless(lambda gradients, parameters: jax.tree.map(update, gradients, parameters))

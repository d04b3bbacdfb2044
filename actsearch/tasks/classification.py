"""Classification: one family of tasks. Images or vectors of small integers, cross entropy, SGD, accuracy as score."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from actsearch.language import ActsearchError
from actsearch.nn import LayerFactory
from actsearch.tasks.base import Data, Task
from actsearch.tasks.datasets import DataSet, Split

_CHUNK = 1_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe:
    """Stochastic gradient descent, and how its rate was chosen.

    Attributes:
      learning_rate: at the start.
      rate_rule: how the learning rate was chosen, for people.
      momentum: from 0 up to 1.
      schedule: "constant", or "cosine": from the learning rate down to 0 at the last step.
      nesterov: whether the momentum is Nesterov's.
      weight_decay: times the weights, added to the gradient of kernels; never of what there is one of per channel, so
        that it is the same for candidates with and without parameters of their own.
    """

    learning_rate: float
    rate_rule: str = dataclasses.field(default="", compare=False)
    momentum: float = 0.9
    schedule: Literal["constant", "cosine"] = "constant"
    nesterov: bool = False
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        if self.schedule not in ("constant", "cosine"):
            raise ActsearchError(f'schedule is "constant" or "cosine"; received {self.schedule!r}.')

    def optimizer(self, steps: int, rate_scale: jax.Array | float = 1.0) -> optax.GradientTransformation:
        """Returns the optimizer of a training of `steps` steps, its learning rate times `rate_scale`."""
        rate: Any = self.learning_rate * rate_scale  # Optax says float; a traced value is as good
        schedule = rate if self.schedule == "constant" else optax.cosine_decay_schedule(rate, steps)
        descent = optax.sgd(schedule, momentum=self.momentum, nesterov=self.nesterov)
        if not self.weight_decay:
            return descent
        return optax.chain(optax.add_decayed_weights(self.weight_decay, mask=_kernels), descent)


def _kernels(parameters: optax.Params) -> Any:
    return jax.tree.map(lambda leaf: leaf.ndim > 1, parameters)


class Network(Protocol):
    """What makes a network: a configuration of `actsearch.nn`, or any hashable function that can be pickled."""

    def __call__(self, layer: LayerFactory, *, rngs: nnx.Rngs) -> nnx.Module: ...


@dataclasses.dataclass(frozen=True, kw_only=True)
class Classification(Task):
    """A classification task.

    Attributes:
      dataset: the data, and the shape and scale of its inputs.
      network: (layer factory, rngs) -> Flax module with a candidate at every site, inputs -> logits [batch, classes].
      recipe: how it is trained.
      augment: (inputs [batch, ...], key) -> inputs, before anything else; the key is None in evaluation.

    Example:
      >>> from actsearch.tasks import get_task
      >>> task = get_task("digits-mlp")
      >>> task.data().train.inputs.shape
      (899, 64)
    """

    dataset: DataSet
    network: Network
    recipe: Recipe
    augment: Callable[[jax.Array, jax.Array | None], jax.Array] | None = None

    def data(self) -> Data:
        """Returns the data set's parts."""
        return Data(*self.dataset.load())

    def init(self, layer: LayerFactory, key: jax.Array) -> nnx.Module:
        """Returns the network with its initial weights."""
        return self.network(layer, rngs=nnx.Rngs(params=key))

    def optimizer(self, rate_scale: jax.Array | float = 1.0) -> optax.GradientTransformation:
        """Returns the recipe's optimizer for this number of steps."""
        return self.recipe.optimizer(self.steps, rate_scale)

    def loss(self, network: Any, batch: Split, key: jax.Array | None = None) -> jax.Array:
        """Returns the mean cross entropy of a batch, a scalar; `key` draws its augmentation, None: as in evaluation."""
        return _cross_entropy(self.logits(network, batch.inputs, key), batch.labels)

    def metrics(self, network: Any, examples: Split) -> dict[str, jax.Array]:
        """Returns `accuracy` in [0, 1] and `loss`, the mean cross entropy.

        A part of more than 2,000 examples is taken in chunks, one after another, to bound the memory.
        """
        logits = self._logits_in_chunks(network, examples.inputs)
        finite = jnp.isfinite(logits).all(axis=-1)
        correct = (jnp.argmax(logits, axis=-1) == examples.labels) & finite
        return {"accuracy": jnp.mean(correct), "loss": _cross_entropy(logits, examples.labels)}

    def score(self, metrics: Mapping[str, float]) -> float:
        """Returns the accuracy, in [0, 1]; 0 for anything that is not a number."""
        accuracy = float(metrics["accuracy"])
        return min(max(accuracy, 0.0), 1.0) if accuracy == accuracy else 0.0

    def logits(self, network: Any, inputs: jax.Array | np.ndarray, key: jax.Array | None = None) -> jax.Array:
        """Returns the network's output [batch, classes] on raw inputs; `key` draws their augmentation."""
        seen = inputs if self.augment is None else self.augment(jnp.asarray(inputs), key)
        outputs: jax.Array = network(seen / self.dataset.scale)
        return outputs

    def abstract_batch(self) -> Split:
        """Returns one batch of zeros with the shapes and dtypes of real ones; no data is needed."""
        inputs = np.zeros((self.batch_size, *self.dataset.shape), np.uint8)
        return Split(inputs, np.zeros(self.batch_size, np.int32))

    def _logits_in_chunks(self, network: Any, inputs: jax.Array | np.ndarray) -> jax.Array:
        examples = len(inputs)
        if examples <= 2 * _CHUNK:
            return self.logits(network, inputs)
        filled = jnp.pad(jnp.asarray(inputs), ((0, -examples % _CHUNK), *[(0, 0)] * (inputs.ndim - 1)))
        chunks = filled.reshape(-1, _CHUNK, *inputs.shape[1:])
        logits = jax.lax.map(lambda chunk: self.logits(network, chunk), chunks)
        every: jax.Array = logits.reshape(len(filled), -1)[:examples]
        return every


def _cross_entropy(logits: jax.Array, labels: jax.Array | np.ndarray) -> jax.Array:
    return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(logits, jnp.asarray(labels)))

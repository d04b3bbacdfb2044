"""Classification: one family of tasks. Inputs of any dtype, cross entropy; the score is accuracy or likelihood.

Networks get inputs as floats; one that reads whole numbers, such as tokens, needs a task with `logits` of its own.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol, get_args

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from actsearch.language import ActsearchError
from actsearch.nn import LayerFactory
from actsearch.tasks.base import Data, Task, streams
from actsearch.tasks.datasets import DataSet, Split
from actsearch.tasks.recipe import Precision, Recipe, likelihood

Criterion = Literal["accuracy", "likelihood"]
"""What the score is: the share of right answers, or exp(-loss), the geometric mean probability of the right class."""


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
      criterion: "accuracy", or "likelihood": both in [0, 1]. Likelihood orders functions with less noise.
      label_smoothing: share of each label that is spread evenly over the classes in the loss of training (Szegedy et
        al. 2016), from 0 up to, not including, 1; `metrics` has none.

    Raises:
      ActsearchError: another criterion, or a share out of range.

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
    criterion: Criterion = "accuracy"
    label_smoothing: float = dataclasses.field(default=0.0, metadata={"later": True})

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.criterion not in get_args(Criterion):
            raise ActsearchError(f'criterion is "accuracy" or "likelihood"; received {self.criterion!r}.')
        if not 0 <= self.label_smoothing < 1:
            raise ActsearchError(f"label_smoothing is from 0 up to, not including, 1; received {self.label_smoothing}.")

    def data(self) -> Data:
        """Returns the data set's parts; raises ActsearchError where it has not three."""
        parts = self.dataset.load()
        if len(parts) != len(Data._fields):
            raise ActsearchError(
                f"The data set {self.dataset.name} has {len(parts)} parts: return train, validation and test."
            )
        return Data(*parts)

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

    def loss(self, network: Any, batch: Split, key: jax.Array | None = None) -> jax.Array:
        """Returns the mean cross entropy of a batch, a scalar; `key` draws its augmentation, None for none."""
        return _cross_entropy(self.logits(network, batch.inputs, key), batch.labels, self.label_smoothing)

    def metrics(self, network: Any, examples: Split) -> dict[str, jax.Array]:
        """Returns `accuracy` in [0, 1] and `loss`, the mean cross entropy."""
        logits = self.in_batches(self.logits, network, examples.inputs)
        finite = jnp.isfinite(logits).all(axis=-1)
        correct = (jnp.argmax(logits, axis=-1) == examples.labels) & finite
        return {"accuracy": jnp.mean(correct), "loss": _cross_entropy(logits, examples.labels)}

    def score(self, metrics: Mapping[str, float]) -> float:
        """Returns the accuracy, or exp(-loss), in [0, 1]; 0 for anything that is not a number."""
        if self.criterion == "likelihood":
            return likelihood(metrics["loss"])
        accuracy = float(metrics["accuracy"])
        return min(max(accuracy, 0.0), 1.0) if accuracy == accuracy else 0.0

    def logits(self, network: Any, inputs: jax.Array | np.ndarray, key: jax.Array | None = None) -> jax.Array:
        """Returns the network's output, float32 [batch, classes], on raw inputs; `key` draws their augmentation."""
        seen = inputs if self.augment is None else self.augment(jnp.asarray(inputs), key)
        outputs: jax.Array = network((seen / self.dataset.scale).astype(self.dtype))
        return outputs.astype(jnp.float32)

    def abstract_batch(self) -> Split:
        """Returns one batch of zeros with the shapes and dtypes of real ones; no data is needed."""
        inputs = np.zeros((self.batch_size, *self.dataset.shape), self.dataset.dtype)
        return Split(inputs, np.zeros(self.batch_size, np.int32))


def _cross_entropy(logits: jax.Array, labels: jax.Array | np.ndarray, smoothing: float = 0.0) -> jax.Array:
    if smoothing:
        targets = optax.smooth_labels(jax.nn.one_hot(labels, logits.shape[-1]), smoothing)
        return jnp.mean(optax.softmax_cross_entropy(logits, targets))
    return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(logits, jnp.asarray(labels)))

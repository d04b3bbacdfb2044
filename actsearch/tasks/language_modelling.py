"""Language modelling: one family of tasks. Windows of tokens, cross entropy of the next; the score is exp(-loss)."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from actsearch.catalog import CATALOG
from actsearch.language import Program
from actsearch.nn import LayerFactory
from actsearch.tasks.base import Data, Task, streams
from actsearch.tasks.classification import Network
from actsearch.tasks.recipe import Precision, Recipe, likelihood

Array = np.ndarray | jax.Array


@dataclasses.dataclass(frozen=True, kw_only=True)
class LanguageModel(Task):
    """A task of predicting the next token.

    Examples are windows of tokens, int32 [examples, length + 1]: the network reads all but the last and predicts all
    but the first.

    A program with statistics over the batch sees all tokens of a batch in training, and moving averages, which know
    nothing of the example, where it is scored.

    Attributes:
      corpus: length -> train, validation and test windows, the same on every call; a function of a module.
      length: tokens that the network reads, at least 1.
      network: (layer factory, rngs) -> Flax module with a candidate at every site, tokens int32 [batch, length] ->
        logits [batch, length, vocabulary], of which those at a position depend on the tokens up to it alone.
      recipe: how it is trained.

    Example:
      >>> from actsearch.tasks import get_task
      >>> task = get_task("text-norm")
      >>> task.data().train.shape, str(task.baseline)
      ((31042, 49), '(x - feature_mean(x)) / feature_std(x) * gamma + shift')
    """

    corpus: Callable[[int], tuple[Array, Array, Array]]
    length: int
    network: Network
    recipe: Recipe

    @property
    def baseline(self) -> Program:
        """LayerNorm where candidates are normalisers; else as in every task."""
        return CATALOG["layer_norm"].program if self.kind == "layer" else super().baseline

    def data(self) -> Data:
        """Returns the windows of the three parts."""
        return Data(*self.corpus(self.length))

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

    def loss(self, network: Any, batch: Array, key: jax.Array | None = None) -> jax.Array:
        """Returns the mean cross entropy of the next token, in nats, a scalar; nothing is random."""
        return jnp.mean(_losses(network, jnp.asarray(batch)))

    def metrics(self, network: Any, examples: Array) -> dict[str, jax.Array]:
        """Returns `loss`, the mean cross entropy of the next token, in nats."""
        return {"loss": jnp.mean(self.in_batches(_losses, network, examples))}

    def score(self, metrics: Mapping[str, float]) -> float:
        """Returns exp(-loss), the geometric mean probability of the next token, in [0, 1]."""
        return likelihood(metrics["loss"])

    def abstract_batch(self) -> np.ndarray:
        """Returns one batch of zeros with the shape and dtype of real ones; no data is needed."""
        return np.zeros((self.batch_size, self.length + 1), np.int32)


def _losses(network: Any, windows: jax.Array) -> jax.Array:
    """Returns the cross entropy of every next token, [batch, length]."""
    logits = network(windows[:, :-1]).astype(jnp.float32)
    losses: jax.Array = optax.softmax_cross_entropy_with_integer_labels(logits, windows[:, 1:])
    return losses

"""A task of your own: your network, your data. Check it with `actsearch tasks --check FILE:make`."""

import jax
import numpy as np
from flax import nnx

from actsearch.nn import sites_of
from actsearch.tasks import Classification, DataSet, Recipe, Split


class Network(nnx.Module):
    """Your network, unedited: NNX, or Linen."""

    def __init__(self, rngs: nnx.Rngs):
        self.first, self.last = nnx.Linear(2, 32, rngs=rngs), nnx.Linear(32, 2, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Returns logits [batch, classes]."""
        return self.last(nnx.relu(self.first(x)))


def data() -> tuple[Split, Split, Split]:
    """Returns train, validation and test, the same on every call; no example in two parts."""
    inputs = np.random.default_rng(0).uniform(-2, 2, (900, 2)).astype(np.float32)
    labels = (np.sin(3 * inputs[:, 0]) > inputs[:, 1]).astype(np.int32)
    train, validation, test = (Split(inputs[part::3], labels[part::3]) for part in range(3))
    return train, validation, test


def make() -> Classification:
    """Returns the task; the candidate goes wherever the network calls nnx.relu."""
    return Classification(
        name="my-task",
        summary="points beside a sine, MLP 2-32-2",
        dataset=DataSet("points", (2,), 1.0, data, dtype="float32"),
        network=sites_of(Network, (2,), replace=nnx.relu),
        recipe=Recipe(learning_rate=0.01, algorithm="adamw", schedule="cosine"),
        steps=300,
        criterion="likelihood",
    )

"""Not a test: a task as a user writes it, through the public interface alone. Fits a sine, mean squared error."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from actsearch.nn import MLP
from actsearch.tasks import Data, Task


@dataclasses.dataclass(frozen=True, kw_only=True)
class FitSine(Task):
    name: str = "fit-sine"
    steps: int = 150
    worst: float = -100.0
    rate: float = 0.01

    def data(self):
        x = np.linspace(-3, 3, 300, dtype=np.float32)[:, None]
        examples = {"x": x, "y": np.sin(2 * x)}
        return Data(*({name: rows[i::3] for name, rows in examples.items()} for i in range(3)))

    def init(self, layer, key):
        return MLP((1, 32, 32, 1), layer, rngs=nnx.Rngs(params=key))

    def optimizer(self, rate_scale=1.0):
        return optax.adam(self.rate * rate_scale)

    def loss(self, network, batch, key=None):
        return jnp.mean(jnp.square(network(batch["x"]) - batch["y"]))

    def metrics(self, network, examples):
        return {"mse": self.loss(network, examples)}

    def score(self, metrics):
        return max(self.worst, -metrics["mse"])

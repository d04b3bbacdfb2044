"""The largest stable rate where theory knows it."""

import dataclasses
import math

import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from actsearch import parse
from actsearch.evaluation import stable_rate
from actsearch.evaluation.stable_rate import largest_stable_rate, last_true
from actsearch.tasks import Data, Task


class OneWeight(nnx.Module):
    """A number, which a loss bends."""

    def __init__(self, layer):
        self.weight, self.layer = nnx.Param(jnp.ones(1)), layer(1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Quadratic(Task):
    """Gradient descent at the rate 1 on curvature w^2 / 2: a factor is stable below 2 / curvature."""

    name: str = "quadratic"
    steps: int = 40
    batch_size: int = 1
    curvature: float

    def data(self):
        return Data(*[np.zeros((1, 1), np.float32)] * 3)

    def init(self, layer, key):
        return OneWeight(layer)

    def optimizer(self, rate_scale=1.0):
        return optax.sgd(rate_scale)

    def loss(self, network, batch, key=None):
        return 0.5 * self.curvature * jnp.sum(network.weight[...] ** 2)

    def metrics(self, network, examples):
        return {"loss": self.loss(network, examples)}

    def score(self, metrics):
        return 1 / (1 + metrics["loss"])


@pytest.mark.parametrize(("curvature", "factor"), [(0.3, 4.0), (2.5, 0.5)])
def test_gradient_descent_is_stable_below_two_over_the_curvature(curvature, factor):
    assert largest_stable_rate(Quadratic(curvature=curvature), parse("x")) == factor


def test_beyond_what_is_tried(monkeypatch):
    monkeypatch.setattr(stable_rate, "EXPONENTS", (0, 1))
    assert largest_stable_rate(Quadratic(curvature=0.1), parse("x")) == math.inf
    assert largest_stable_rate(Quadratic(curvature=40.0), parse("x")) == 0.0


def test_bisection_asks_few_times():
    asked = []

    def holds(i):
        asked.append(i)
        return i <= 3

    assert last_true(holds, -6, 12) == 3
    assert len(asked) <= 5
    assert last_true(lambda i: False, -6, 12) == -7
    assert last_true(lambda i: True, -6, 12) == 12

"""Each way in which a task can be wrong is one sentence, before anything trains."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from actsearch.evaluation import check_task
from actsearch.language import ActsearchError
from actsearch.nn import MLP, MLPConfig
from actsearch.tasks import Data
from tests.helpers.own_task import FitSine
from tests.helpers.tiny import tiny_task


def test_right_tasks_pass():
    assert "1 sites" in check_task(tiny_task())[2]
    assert "none in two parts" in check_task(FitSine())[1]


class Vector(FitSine):
    def loss(self, network, batch, key=None):
        return jnp.square(network(batch["x"]) - batch["y"])[:, 0]


class Whole(FitSine):
    def loss(self, network, batch, key=None):
        return jnp.int32(1)


class NotANumber(FitSine):
    def metrics(self, network, examples):
        return {"mse": jnp.float32(jnp.nan)}


class NoSite(FitSine):
    def init(self, layer, key):
        return MLP((1, 8, 1), lambda features: nnx.relu, rngs=nnx.Rngs(params=key))


class Leaking(FitSine):
    def data(self):
        data = super().data()
        return data._replace(test=jax.tree.map(lambda rows: rows.copy(), data.train))


class OtherDtype(FitSine):
    def data(self):
        data = super().data()
        return data._replace(test=jax.tree.map(lambda rows: rows.astype(np.float16), data.test))


class Changing(FitSine):
    def data(self):
        return Data(*({"x": (x := np.random.default_rng().random((9, 1), np.float32)), "y": x + 1} for _ in range(3)))


class SameWeights(FitSine):
    def init(self, layer, key):
        return MLP((1, 8, 1), layer, rngs=nnx.Rngs(params=0))


class OwnRandomness(FitSine):
    def init(self, layer, key):
        return MLP((1, 8, 1), layer, rngs=nnx.Rngs(params=int(np.random.default_rng().integers(10**6))))


class BelowWorst(FitSine):
    def score(self, metrics):
        return -1000.0


class Infinite(FitSine):
    def score(self, metrics):
        return float("inf")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Unpicklable(FitSine):
    function: object = lambda x: x


WRONG = {
    "loss not scalar": (Vector(), r"has a loss of shape \(64,\)"),
    "loss not float": (Whole(), "and dtype int32"),
    "metric that is NaN": (NotANumber(), "metric 'mse' of nan"),
    "no site": (NoSite(), "has no site"),
    "leak": (Leaking(), "has 100 equal examples in train and test"),
    "other dtype": (OtherDtype(), "parts of different structure"),
    "data change": (Changing(), "other data on a second call"),
    "same weights": (SameWeights(), "the same weights for two keys"),
    "own randomness": (OwnRandomness(), "other weights on a second call"),
    "below worst": (BelowWorst(), "scores -1000.0 at the start"),
    "infinite": (Infinite(), "scores inf at the start"),
    "no pickle": (Unpicklable(), "cannot be hashed and pickled"),
    "labels": (
        dataclasses.replace(tiny_task(), network=MLPConfig((64, 6, 9))),
        "labels from 0 to 9 in train, and 9 logits",
    ),
}


@pytest.mark.parametrize(("task", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_task_is_one_sentence(task, message):
    with pytest.raises(ActsearchError, match=message) as error:
        check_task(task)
    assert "\n" not in str(error.value)

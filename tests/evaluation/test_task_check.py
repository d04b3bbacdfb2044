"""Each way in which a task can be wrong is one sentence, before anything trains."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from actsearch import parse, search, verify
from actsearch.evaluation import Trainer, check_task, score_programs, task_check
from actsearch.language import ActsearchError
from actsearch.nn import MLP, MLPConfig
from actsearch.tasks import Data, LanguageModel, Pairs, Recipe, Regression, get_task
from tests.helpers.own_task import FitSine
from tests.helpers.tiny import TINY_DIGITS, tiny_digits, tiny_layer_task, tiny_task


@pytest.mark.parametrize("make", [FitSine, tiny_task, tiny_layer_task], ids=["own", "activations", "layers"])
def test_right_tasks_pass(make):
    lines = check_task(make())
    assert "none in two parts" in lines[0]
    assert "monotone" in lines[-1]
    assert check_task(make(), full=False) == lines[:3]


@pytest.mark.parametrize("name", ["text-ffn", "mnist1d-mlp", "photos-mlp", "inr-photo", "digits-resnet-layer"])
def test_no_false_alarm(name):
    """Text that repeats itself, patches of one photograph and warped copies of digits are no leaks."""
    check_task(get_task(name), full=False)


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


class ChangingTest(FitSine):
    def data(self):
        x = np.random.default_rng().random((9, 1), np.float32)
        return super().data()._replace(test={"x": x, "y": x})


class PlainTuple(FitSine):
    def data(self):
        return tuple(super().data())


class NoNames(FitSine):
    def metrics(self, network, examples):
        return self.loss(network, examples)


class NoScore(FitSine):
    def score(self, metrics):
        return None


def plain_tuples():
    return tuple(tuple(part) for part in tiny_digits())


def two_parts():
    return tiny_digits()[:2]


def scaled_copies():
    train, validation, test = tiny_digits()
    train, validation, test = (
        part._replace(inputs=part.inputs.astype(np.float32)) for part in (train, validation, test)
    )
    return train, validation, test._replace(inputs=0.5 * train.inputs - 1)


def text(length, highest=4, shared=0):
    rows = np.random.default_rng(0).integers(0, highest + 1, (3, 200, length + 1), np.int32)
    rows[1, :shared] = rows[0, :shared]
    return tuple(rows)


def high_tokens(length):
    return text(length, highest=5)


def quoted(length):
    return text(length, shared=3)


class NextToken(nnx.Module):
    def __init__(self, layer, *, rngs):
        self.embed, self.layer, self.head = nnx.Embed(5, 4, rngs=rngs), layer(4), nnx.Linear(4, 5, rngs=rngs)

    def __call__(self, x):
        return self.head(self.layer(self.embed(x)))


RECIPE = Recipe(learning_rate=0.1)
TEXT = LanguageModel(name="letters", steps=2, corpus=text, length=20, network=NextToken, recipe=RECIPE)


def pairs(change=lambda targets: targets):
    x = np.random.default_rng(0).normal(size=(3, 20, 2)).astype(np.float32)
    return Data(*(Pairs(rows, change(rows[:, :1] ** 2)) for rows in x))


def missing_targets():
    return pairs(lambda targets: np.where(targets > 1, np.nan, targets))


def flat_targets():
    return pairs(lambda targets: targets[:, 0])


def labels_in_a_column():
    return tuple(part._replace(labels=part.labels[:, None]) for part in tiny_digits())


FIT = Regression(name="fit", steps=2, load=pairs, shape=(2,), outputs=1, network=MLPConfig((2, 4, 1)), recipe=RECIPE)


def test_families_pass():
    check_task(TEXT)
    check_task(FIT)


def targets_on_a_line():
    x = np.random.default_rng(0).normal(size=(3, 20, 2)).astype(np.float32)
    return Data(*(Pairs(rows, rows[:, :1] * np.arange(9, dtype=np.float32)[None]) for rows in x))


def test_targets_that_differ_in_scale_alone_are_no_leak():
    network = MLPConfig((2, 4, 9))
    check_task(dataclasses.replace(FIT, load=targets_on_a_line, outputs=9, network=network), full=False)


class Doubled(type(FIT)):
    def score(self, metrics):
        return 2 / (1 + metrics["loss"])


class HigherThenLower(FitSine):
    def score(self, metrics):
        return -abs(metrics["mse"] - 0.1)


class BelowWorst(FitSine):
    def score(self, metrics):
        return -1000.0


class Infinite(FitSine):
    def score(self, metrics):
        return float("inf")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Unpicklable(FitSine):
    function: object = lambda x: x


@dataclasses.dataclass(frozen=True, kw_only=True)
class Unhashable(FitSine):
    sizes: object = dataclasses.field(default_factory=lambda: [1, 2])


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
    "a tuple of parts": (PlainTuple(), r"returns a tuple from data\(\); return actsearch.tasks.Data"),
    "metrics without names": (NoNames(), r"returns no dictionary from metrics\(\)"),
    "no score": (NoScore(), r"returns None from score\(\); return one float"),
    "plain tuples": (
        dataclasses.replace(tiny_task(), dataset=dataclasses.replace(TINY_DIGITS, load=plain_tuples)),
        r"a part train that is a tuple; write actsearch.tasks.Split\(inputs, labels\)",
    ),
    "two parts": (
        dataclasses.replace(tiny_task(), dataset=dataclasses.replace(TINY_DIGITS, load=two_parts)),
        "has 2 parts: return train, validation and test",
    ),
    "test part changes": (ChangingTest(), "other data on a second call"),
    "scaled copies": (
        dataclasses.replace(tiny_task(), dataset=dataclasses.replace(TINY_DIGITS, load=scaled_copies, dtype="float32")),
        "has 64 examples in train that differ from ones in test by an offset, a scale or rounding alone",
    ),
    "quoted text": (dataclasses.replace(TEXT, corpus=quoted), "has 3 equal examples in train and validation"),
    "tokens": (dataclasses.replace(TEXT, corpus=high_tokens), "tokens in train from 0 to 5, and 5 logits"),
    "targets not finite": (dataclasses.replace(FIT, load=missing_targets), "targets in train that are not finite"),
    "targets of another shape": (
        dataclasses.replace(FIT, load=flat_targets),
        r"says that the arrays of an example have the shapes \[\(2,\), \(1,\)\]; they have \[\(2,\), \(\)\]",
    ),
    "labels of another shape": (
        dataclasses.replace(tiny_task(), dataset=dataclasses.replace(TINY_DIGITS, load=labels_in_a_column)),
        r"shapes \[\(64,\), \(\)\]; they have \[\(64,\), \(1,\)\]: make them alike",
    ),
    "outputs of another shape": (
        dataclasses.replace(FIT, network=MLPConfig((2, 4, 2))),
        r"shape \(20, 1\) in train and outputs \(20, 2\)",
    ),
    "above 1": (Doubled(**vars(FIT)), "scores 1.* where loss is .*, and at most 1"),
    "not monotone": (HigherThenLower(), "let the score rise with the metric, or fall"),
    "below worst": (BelowWorst(), "scores -1000.0 where mse is"),
    "infinite": (Infinite(), "scores inf where mse is"),
    "no pickle": (Unpicklable(), "cannot be pickled"),
    "no hash": (Unhashable(), "cannot be hashed: unhashable type: 'list'"),
    "labels": (
        dataclasses.replace(tiny_task(), network=MLPConfig((64, 6, 9))),
        "labels in train from 0 to 9, and 9 logits",
    ),
}


@pytest.mark.parametrize(("task", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_task_is_one_sentence(task, message):
    with pytest.raises(ActsearchError, match=message) as error:
        check_task(task)
    assert "\n" not in str(error.value)


def searched(task):
    return search("swish-1", task, budget=1)


def verified(task):
    return verify("x", ("digits-mlp", task), seeds=2)


def scored(task):
    return score_programs(task, [parse("x")], [0])


@pytest.mark.parametrize("door", [searched, verified, scored])
def test_every_door_checks_a_task_from_outside_before_anything_trains(door, monkeypatch):
    monkeypatch.setattr(Trainer, "__call__", lambda *_: pytest.fail("trained"))
    with pytest.raises(ActsearchError, match="has 100 equal examples in train and test"):
        door(Leaking())


def test_a_task_is_checked_once_and_the_packages_own_never(monkeypatch):
    checked = []
    monkeypatch.setattr(task_check, "check_task", lambda task, full: checked.append(task))
    mine = dataclasses.replace(tiny_task(), name="checked-once")
    for task in (mine, dataclasses.replace(mine), get_task("digits-mlp"), get_task("digits-mlp").at_fidelity(0.1)):
        assert task_check.check_own(task) is task
    assert checked == [mine]
    task_check.check_own(dataclasses.replace(get_task("digits-mlp"), batch_size=9))
    assert len(checked) == 2

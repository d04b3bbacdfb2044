"""One name cannot mean two things: the digest covers data, network, fields and the user's own code."""

import dataclasses
import os
import subprocess
import sys

import numpy as np
import pytest

from actsearch.language import ActsearchError
from actsearch.language.code import describe
from actsearch.nn import MLPConfig
from actsearch.tasks import Data, DataSet, Quality
from tests.helpers.own_task import FitSine
from tests.helpers.tiny import TINY_DIGITS, tiny_digits, tiny_layer_task, tiny_task

TASK = tiny_task()


def other_labels():
    train, validation, test = tiny_digits()
    return train._replace(labels=train.labels[::-1]), validation, test


CHANGES = {
    "learning rate": {"recipe": dataclasses.replace(TASK.recipe, learning_rate=0.051)},
    "decay": {"recipe": dataclasses.replace(TASK.recipe, weight_decay=1e-4)},
    "precision": {"recipe": dataclasses.replace(TASK.recipe, dtype="bfloat16")},
    "smoothing": {"label_smoothing": 0.1},
    "drops": {"recipe": dataclasses.replace(TASK.recipe, schedule="steps", drops=(0.5,))},
    "steps": {"steps": 7},
    "batch": {"batch_size": 9},
    "network": {"network": MLPConfig((64, 7, 10))},
    "groups": {"groups": 3},
    "gate": {"quality": Quality(2, "accuracy", 0.2)},
    "data": {"dataset": dataclasses.replace(TINY_DIGITS, load=other_labels)},
    "scale": {"dataset": dataclasses.replace(TINY_DIGITS, scale=15.0)},
    "augmentation": {"augment": lambda inputs, key: inputs},
}


@pytest.mark.parametrize("change", CHANGES)
def test_changes_with(change):
    assert dataclasses.replace(TASK, **CHANGES[change]).digest != TASK.digest


def test_words_do_not_count():
    recipe = dataclasses.replace(TASK.recipe, rate_rule="another explanation")
    assert dataclasses.replace(TASK, summary="other words", recipe=recipe).digest == TASK.digest


@dataclasses.dataclass(frozen=True)
class Before:
    rate: float = 0.1


@dataclasses.dataclass(frozen=True)
class After:
    rate: float = 0.1
    precision: str = dataclasses.field(default="float32", metadata={"later": True})


def test_a_field_that_came_later_counts_where_it_is_set():
    one, same, other = (str(describe(value)[0][1:]) for value in (Before(), After(), After(precision="bfloat16")))
    assert one == same != other


def test_of_another_length():
    assert TASK.at_fidelity(0.5).digest != TASK.digest
    assert TASK.at_fidelity(1.0).digest == TASK.digest


def test_two_unnamed_functions_differ():
    first, second = (dataclasses.replace(TASK, augment=f) for f in (lambda x, key: x + 1, lambda x, key: x + 2))
    assert first.digest != second.digest


class NoNoise(FitSine):
    pass


class Noise(FitSine):
    def data(self):
        train, validation, test = super().data()
        return Data({**train, "y": train["y"] + np.float32(0.1)}, validation, test)


class HuberLoss(FitSine):
    def loss(self, network, batch, key=None):
        return abs(network(batch["x"]) - batch["y"]).mean()


def test_of_a_users_task():
    digests = [task.digest for task in (FitSine(), FitSine(rate=0.02), NoNoise(), Noise(), HuberLoss())]
    assert len(set(digests)) == 5
    assert FitSine().digest == digests[0]


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_is_the_same_in_every_process(hash_seed):
    code = (
        "from tests.helpers.own_task import FitSine; from tests.helpers.tiny import tiny_task, tiny_layer_task;"
        "print(FitSine().digest, tiny_task().digest, tiny_layer_task().digest)"
    )
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "JAX_PLATFORMS": "cpu"}
    output = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert output.stdout.split() == [FitSine().digest, TASK.digest, tiny_layer_task().digest]


def test_a_task_without_its_data_is_made_and_has_no_digest():
    def absent():
        raise ActsearchError("the data are not here")

    task = dataclasses.replace(TASK, dataset=DataSet("absent", (64,), 16.0, absent))
    assert task.abstract_batch().inputs.shape == (8, 64)
    with pytest.raises(ActsearchError, match="the data are not here"):
        _ = task.digest

"""Language models: the text is frozen, its parts share nothing, the networks are causal, and they learn."""

import dataclasses
import functools
import hashlib
import os
import subprocess
import sys

import jax
import numpy as np
import pytest
from flax import nnx

from actsearch.evaluation.trainer import Trainer
from actsearch.language import ActsearchError
from actsearch.nn import Layer, TransformerConfig
from actsearch.tasks import TASKS, LanguageModel, Muon, get_task
from actsearch.tasks.datasets.python_docs import BLOCK, EVALUATED, VOCABULARY, characters, python_docs

TEXT = "6d5e97c38ca511eb"
"""First digits of the text's SHA-256: to change it is to make tasks with new names."""

NAMES = [name for name in TASKS if isinstance(get_task(name), LanguageModel)]
NETWORKS = {(get_task(name).network, get_task(name).kind): name for name in reversed(NAMES)}
"""Name of the first task of each network."""


def tiny(steps):
    """Returns text-ffn with a narrow network, few steps and few windows."""
    return dataclasses.replace(
        get_task("text-ffn"),
        name="text-tiny",
        corpus=few_windows,
        length=8,
        network=TransformerConfig(VOCABULARY, 8, 8, heads=2, blocks=1),
        steps=steps,
        batch_size=16,
    )


@functools.cache
def few_windows(length):
    return tuple(part[:64] for part in python_docs(length))


def test_the_text_is_frozen():
    numbers, alphabet = characters()
    text = "".join(alphabet[number] for number in numbers)
    assert (len(text), len(alphabet)) == (1_917_046, VOCABULARY)
    assert hashlib.sha256(text.encode()).hexdigest()[: len(TEXT)] == TEXT
    assert 'The "assert" statement' in text


@pytest.mark.parametrize("length", [9, 48])
def test_parts_share_no_character(length, monkeypatch):
    """Of a text in which every character is its own place."""
    numbers, alphabet = characters()
    monkeypatch.setattr("actsearch.tasks.datasets.python_docs.characters", lambda: (np.arange(len(numbers)), alphabet))
    parts = python_docs.__wrapped__(length)
    places = np.concatenate([part.ravel() for part in parts])
    assert np.bincount(places).max() == 1
    for part in parts:
        np.testing.assert_array_equal(np.diff(part, axis=1), 1)
        np.testing.assert_array_equal(part[:, 0] // BLOCK, part[:, -1] // BLOCK)
    train, validation, test = ({int(block) % 10 for block in part[:, 0] // BLOCK} for part in parts)
    assert (train, validation, test) == (set(range(2, 10)), {0}, {1})


@pytest.mark.parametrize("length", [0, BLOCK])
def test_a_window_lies_within_a_block(length):
    with pytest.raises(ActsearchError, match=f"1 to 4095 characters; received {length}"):
        python_docs(length)


@pytest.mark.parametrize("name", NAMES)
def test_evaluation_costs_less_than_a_tenth(name):
    """Characters evaluated against characters trained on, each of which costs three times as much."""
    task = get_task(name)
    data = task.data()
    assert data.validation[:, 1:].size == pytest.approx(EVALUATED, rel=0.01)
    assert data.test.shape == data.validation.shape
    assert data.validation.size < 0.1 * 3 * task.steps * task.batch_size * task.length


@pytest.mark.parametrize("name", NETWORKS.values())
def test_a_token_changes_no_logits_before_it(name):
    task = get_task(name)
    model = task.init(lambda features: Layer(task.baseline, features, groups=task.groups), jax.random.key(0))
    model.eval()
    tokens = np.repeat(task.data().train[:1, :-1], task.length + 1, axis=0)
    np.fill_diagonal(tokens, (tokens.diagonal() + 1) % VOCABULARY)  # the last example is left as it is
    logits = np.asarray(nnx.jit(lambda model, tokens: model(tokens))(model, tokens))
    reached = np.any(np.abs(logits[:-1] - logits[-1:]) > 1e-5, axis=2)
    assert not np.tril(reached, -1).any()
    assert reached.diagonal().all()


def test_normalisers_are_compared_with_layer_norm():
    assert str(get_task("text-norm").baseline) == "(x - feature_mean(x)) / feature_std(x) * gamma + shift"
    assert str(get_task("text-ffn").baseline) == "relu(x)"


def test_the_score_is_the_probability_of_the_next_character():
    task = get_task("text-ffn")
    uniform = task.loss(lambda tokens: np.zeros((*tokens.shape, VOCABULARY), np.float32), task.data().validation)
    assert task.score({"loss": uniform}) == pytest.approx(1 / VOCABULARY)
    assert task.score({"loss": float("nan")}) == 0


ALGORITHMS = ["adamw", pytest.param(Muon(adamw_rate=1e-2), marks=pytest.mark.slow)]


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=["adamw", "muon"])
def test_learns(algorithm):
    """From a uniform guess, 4.6 nats, to below the frequencies of single characters, in one compilation."""
    task = tiny(200)
    task = dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, algorithm=algorithm))
    trainer = Trainer.specialized(task, task.baseline)
    (outcome,) = trainer(trainer.jobs([()], seeds=(0,)))
    assert outcome.train_loss < 3.0
    assert trainer.compilations == 1


def test_is_the_same_in_every_process():
    command = "from actsearch.tasks import get_task; print(get_task('text-norm').digest)"
    digests = {
        subprocess.run(
            [sys.executable, "-c", command],
            env=os.environ | {"PYTHONHASHSEED": seed, "JAX_PLATFORMS": "cpu"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert digests == {get_task("text-norm").digest + "\n"}

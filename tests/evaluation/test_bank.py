"""Banks in training: an outcome is that of the other engines, alone or in any bank, on any devices, with any memory."""

import re

import jax
import numpy as np
import pytest

from actsearch import parse
from actsearch.evaluation import DataParallel, Job, Trainer, TrainingEvaluator, score_programs
from actsearch.spaces.template import Template
from actsearch.trials import Proposal
from tests.helpers.tiny import SPACE, tiny_gate_task, tiny_layer_task, tiny_task

ONE = {"devices": jax.devices()[:1]}
ENGINES_AGREE = dict(rtol=1e-4, atol=1e-5)  # XLA fuses them differently; six steps of training carry it on
TEXTS = {
    "activation": ("tanh(x) * relu(x)", "max(beta * x, x^3)", "relu(x)", "param beta = 0.5; sin(beta * x)"),
    "layer": ("tanh(x)", "param beta = 0; (x - batch_mean(x)) / batch_std(x) * gamma + beta", "x / group_std(x)"),
    "gate": ("sigmoid(x) * y", "max(x, beta * y)"),
}
TASKS = {"activation": tiny_task(), "layer": tiny_layer_task(), "gate": tiny_gate_task()}
KINDS = ["activation", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("layer", "gate"))]
SEEDS = (0, 1)


def programs_of(kind):
    inputs = ("x", "y") if kind == "gate" else ("x",)
    return [parse(text, inputs=inputs) for text in TEXTS[kind]]


def trained(kind, programs=None, **options):
    """Returns the outcomes of a bank on a task, as an array [programs, seeds, numbers], and the trainer."""
    programs = programs or programs_of(kind)
    trainer = Trainer.bank(TASKS[kind], programs, **{**ONE, "lanes": 4, **options})
    outcomes = trainer(trainer.jobs([(number,) for number in range(len(programs))], SEEDS))
    return numbers(outcomes).reshape(len(programs), len(SEEDS), -1), trainer


def numbers(outcomes):
    """Returns outcomes as an array [outcomes, numbers]."""
    return np.array([jax.tree.leaves(outcome) for outcome in outcomes])


@pytest.fixture(scope="module")
def whole():
    """The bank of four activations, all in lanes of one device."""
    return trained("activation")


@pytest.mark.parametrize("kind", KINDS)
def test_equals_the_other_engines(kind):
    programs, (found, trainer) = programs_of(kind), trained(kind)
    assert (trainer.lanes, trainer.compilations) == (len(programs), 1)
    jobs = trainer.jobs([(number,) for number in range(len(programs))], SEEDS)
    interpreted = Trainer.interpreted(TASKS[kind], Template.bank(programs), **ONE)
    np.testing.assert_allclose(found.reshape(len(jobs), -1), numbers(interpreted(jobs)), **ENGINES_AGREE)
    alone = Trainer.specialized(TASKS[kind], programs[1], **ONE)
    np.testing.assert_allclose(found[1], numbers(alone([Job((), seed) for seed in SEEDS])), **ENGINES_AGREE)


def test_alone_in_another_bank_and_in_another_order(whole):
    found, programs = whole[0], programs_of("activation")
    np.testing.assert_allclose(trained("activation", programs[1:2])[0], found[1:2], **ENGINES_AGREE)
    turned = trained("activation", programs[::-1])[0][::-1]
    np.testing.assert_allclose(turned, found, **ENGINES_AGREE)
    np.testing.assert_array_equal(np.argsort(turned[:, 0, 1]), np.argsort(found[:, 0, 1]))


def test_neighbours_change_no_bit(whole):
    """Of one compilation: what the other lanes train, whether they train at all, and in which order jobs are given."""
    found, trainer = whole
    jobs = [Job((2,), 1), Job((0,), 0), Job((3,), 1, rate_scale=1e30)]
    outcomes = numbers(trainer(jobs))
    np.testing.assert_array_equal(outcomes[:2], [found[2, 1], found[0, 0]])
    assert not np.isfinite(outcomes[2]).all()
    assert trainer.compilations == 1


@pytest.mark.parametrize("kind", KINDS)
def test_two_devices_share_a_bank(kind):
    """Each has lanes for half of the programs; they are at different places of the bank."""
    found, trainer = trained(kind, devices=jax.devices()[:2])
    assert trainer.lanes == {"activation": 2, "layer": 2, "gate": 1}[kind]
    np.testing.assert_allclose(found, trained(kind)[0], **ENGINES_AGREE)


@pytest.mark.slow
def test_devices_that_share_a_training():
    found, trainer = trained("layer", devices=DataParallel(2))
    assert trainer.lanes == 2
    np.testing.assert_allclose(found, trained("layer")[0], **ENGINES_AGREE)


class OutOfMemory(jax.errors.JaxRuntimeError):
    pass


def short_of_memory(monkeypatch, most, words="RESOURCE_EXHAUSTED: Out of memory while trying to allocate"):
    """Lets every call with more lanes fail as XLA does; returns the lanes of each call."""
    tried, execute = [], Trainer._execute

    def failing(trainer, *arguments):
        tried.append(trainer.lanes)
        if trainer.lanes > most:
            raise OutOfMemory(words)
        return execute(trainer, *arguments)

    monkeypatch.setattr(Trainer, "_execute", failing)
    return tried


def test_one_lane_runs_one_program_after_another(whole):
    """Which is what a CPU does by itself."""
    found, trainer = trained("activation", lanes=None)
    assert (trainer.lanes, trainer.compilations) == (1, 1)
    np.testing.assert_allclose(found, whole[0], **ENGINES_AGREE)


class TestMemory:
    def test_lanes_are_halved_and_remembered(self, monkeypatch, whole):
        tried = short_of_memory(monkeypatch, 2)
        found, trainer = trained("activation")
        assert (tried, trainer.lanes, trainer.halved) == ([4, 2], 2, True)
        np.testing.assert_allclose(found, whole[0], **ENGINES_AGREE)
        trainer([Job((3,), 0)])
        assert tried == [4, 2, 2]

    def test_one_that_does_not_fit_is_an_error(self, monkeypatch):
        tried = short_of_memory(monkeypatch, 0)
        with pytest.raises(jax.errors.JaxRuntimeError, match="Out of memory"):
            trained("activation")
        assert tried == [4, 2, 1]

    def test_other_errors_are_not_tried_again(self, monkeypatch):
        tried = short_of_memory(monkeypatch, 0, "INTERNAL: a bug")
        with pytest.raises(jax.errors.JaxRuntimeError, match="a bug"):
            trained("activation")
        assert tried == [4]

    def test_the_next_bank_of_an_evaluator_begins_with_what_fitted(self, monkeypatch):
        monkeypatch.setattr("actsearch.evaluation.trainer.default_lanes", lambda mesh: 64)
        evaluator = TrainingEvaluator(SPACE, tiny_task(), engine="bank", **ONE)
        tried = short_of_memory(monkeypatch, 1)
        for start, text in enumerate(("tanh", "cube")):
            proposals = [Proposal(parse(f"{text}(x) + {other}(x)")) for other in ("relu", "exp")]
            evaluator.evaluate(proposals, 2 * start)
        assert tried == [2, 1, 1]


def test_nothing_moves_between_host_and_device_while_training(whole, monkeypatch):
    """What a call takes was placed before; the outcomes are fetched behind it."""
    trainer, execute, calls = whole[1], Trainer._execute, []

    def guarded(trainer, *arguments):
        calls.append(trainer)
        with jax.transfer_guard("disallow"):
            return jax.block_until_ready(execute(trainer, *arguments))

    monkeypatch.setattr(Trainer, "_execute", guarded)
    trainer([Job((0,), 0), Job((1,), 1)])
    assert calls == [trainer]
    # The guard does not see calls back into Python, which stand in the compiled program as custom calls.
    (program,) = trainer._programs.values()
    assert not re.search(r'custom_call_target="[^"]*callback|infeed|outfeed', program.as_text())


def test_the_evaluator_cuts_a_batch_into_banks(monkeypatch):
    """Also of programs that the space does not have."""
    monkeypatch.setattr("actsearch.evaluation.runner.BANK", 2)
    evaluator = TrainingEvaluator(SPACE, TASKS["activation"], seeds=SEEDS, engine="bank", **ONE)
    assert (evaluator.engine, evaluator.identity["engine"]) == ("bank", "bank")
    assert evaluator.summary == "engine: bank (as given)"
    programs, lines = [parse(text) for text in ("tanh(x) * relu(x)", "sin(x)", "relu(x)")], []
    trials = evaluator.evaluate([Proposal(program) for program in programs], 0)
    results = score_programs(TASKS["activation"], programs, SEEDS, engine="bank", report=lines.append, **ONE)
    assert lines[0] == "engine: bank (as given)"
    for trial, result in zip(trials, results, strict=True):
        assert trial.status == "ok"
        assert trial.score == pytest.approx(result.score, abs=1e-5)
        losses = [row["loss"] for row in result.metrics]
        assert [row["loss"] for row in trial.metrics] == pytest.approx(losses, rel=1e-4)

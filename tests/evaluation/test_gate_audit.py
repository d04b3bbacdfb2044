"""The audit of gates: rejects are trained as themselves, in full, and compared with what was accepted."""

import dataclasses

import pytest

from actsearch import ActsearchError, parse
from actsearch.evaluation import Gate, TrainingEvaluator, audit
from actsearch.spaces import custom
from actsearch.trials import Proposal, Trial
from tests.helpers.tiny import tiny_task

HINGES, WAVES = custom(["relu", "tanh", "log"], ["+", "*"]), custom(["sin", "exp", "cos"], ["+", "*"])
TASK = tiny_task(steps=40)


@pytest.fixture(scope="module")
def trials():
    """A whole small space, searched with a gate that is always wrong about tanh."""
    gate = Gate("calm", lambda candidate: "has tanh" if "tanh" in str(candidate.program) else "", "has no tanh")
    evaluator = TrainingEvaluator(HINGES, TASK, engine="interpret", gates=["finite", gate])
    return evaluator.evaluate([Proposal(HINGES.decode(genotype), genotype) for genotype in HINGES.enumerate()], 0)


@pytest.mark.slow
def test_rejects_are_trained_in_full(trials):
    rates = audit(trials, HINGES, TASK, sample=3, share=1.0, engine="interpret")
    assert list(rates) == ["finite", "calm"]
    assert [row.trained for row in rates.values()] == [3, 3]
    assert rates["finite"].good == 0  # a logarithm diverges, and scores 0
    free = TrainingEvaluator(HINGES, TASK, engine="interpret")
    rejects = [trial for trial in trials if trial.gate == "calm"]
    scores = [trial.score for trial in free.evaluate([Proposal(t.program, t.genotype) for t in rejects], 0)]
    lowest = min(trial.score for trial in trials if trial.status == "ok")
    whole = audit(trials, HINGES, TASK, sample=100, share=1.0, engine="interpret")["calm"]
    assert (whole.trained, whole.good) == (len(rejects), sum(score >= lowest for score in scores))
    assert whole.good > 0


def test_trials_of_another_space_are_refused(trials):
    with pytest.raises(ActsearchError, match=r"Trial 0, .* is of the space .* and not of the space .* given here"):
        audit(trials, WAVES, TASK)
    renamed = [dataclasses.replace(t, genotype=WAVES.genotype(t.genotype.choices)) for t in trials if t.genotype]
    with pytest.raises(ActsearchError, match="audit trials with the space that they were drawn from"):
        audit(renamed, WAVES, TASK)


def test_nothing_accepted(trials):
    rejected = [trial for trial in trials if trial.gate == "calm"][:5]
    with pytest.raises(ActsearchError, match="none of these 5 was accepted"):
        audit(rejected, HINGES, TASK)
    with pytest.raises(ActsearchError, match="none of these 1 was accepted"):
        audit([Trial(0, parse("x"), "", "rejected", gate="shape")], HINGES, TASK)

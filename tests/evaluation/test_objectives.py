"""Properties as objectives of a search and as features of its model."""

import math

import numpy as np
import pytest

from actsearch import parse, search
from actsearch.controllers import ParetoEvolution, Surrogate
from actsearch.evaluation import Objective, PropertyFeatures, TrainingEvaluator, objectives_of
from actsearch.language import ActsearchError
from actsearch.properties import register, unregister
from actsearch.spaces import swish
from actsearch.study import make_evaluator
from actsearch.trials import Proposal, Status, front, on_front
from tests.helpers.tiny import SPACE, tiny_task

TABLE = "tabular-swish1-digits-resnet"


@pytest.mark.parametrize(
    ("name", "formula", "expected"),
    [
        ("lipschitz", "relu(2 * x)", 2.0),
        ("-lipschitz", "relu(2 * x)", -2.0),
        ("-operations", "x * silu(x)", -2.0),
        ("degree", "relu(x - 1)", math.nan),
        ("-upper", "1 / x", math.nan),
    ],
)
def test_an_objective_is_a_number_to_be_made_large(name, formula, expected):
    assert Objective(name)(parse(formula)) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["lipshitz"], "no property 'lipshitz'; write one of lower"),
        (["parity"], "parity is no number"),
        (["kinks"], "kinks is no number"),
        (["operations", "operations"], "Objectives differ; received operations, operations"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_mistakes(names, message):
    with pytest.raises(ActsearchError, match=message):
        objectives_of(names, "activation")


def test_a_property_of_another_kind():
    with pytest.raises(ActsearchError, match="lipschitz is a property of activations; this search proposes layers"):
        objectives_of(["lipschitz"], "layer")


def test_a_pareto_search_selects_by_score_and_property():
    """The trials carry both, the run says so, and the front is of small and good functions."""
    evaluator = make_evaluator(swish(), TABLE, 150, objectives=["-operations"])
    assert evaluator.identity["objectives"] == ["-operations"]
    trials = search("swish-1", evaluator, ParetoEvolution(window=50), 150).trials
    scored = [trial for trial in trials if trial.status is Status.OK]
    assert all(list(trial.objectives) == [TABLE, "-operations"] for trial in scored)
    best = on_front(trials)
    assert {trial.index for trial in best} <= {trial.index for trial in scored}
    points = np.array([list(trial.objectives.values()) for trial in best])
    assert len(front(points)) == len(points)
    assert (np.diff(points[:, 0]) <= 0).all()
    assert len({trial.objectives["-operations"] for trial in best}) > 1


def test_trained_candidates_have_them_too():
    evaluator = TrainingEvaluator(SPACE, tiny_task(), engine="specialize", objectives=["-lipschitz"])
    (trial,) = evaluator.evaluate([Proposal(parse("tanh(x) * x"))], 0)
    assert trial.objectives == {"digits-tiny": trial.score, "-lipschitz": pytest.approx(-1.19968, abs=1e-4)}


def test_ones_own_property_is_an_objective_whose_code_counts():
    register("nodes", lambda program: len(program.nodes), "nodes of the expression")
    try:
        (one,) = objectives_of(["-nodes"], "activation")
        assert one(parse("x * sigmoid(x)")) == -3
        first = one.identity
        unregister("nodes")
        register("nodes", lambda program: 2 * len(program.nodes), "twice as many")
        assert first.startswith("-nodes ")
        assert one.identity != first
        with pytest.raises(ActsearchError, match="property 'nodes' already"):
            register("nodes", len, "again")
    finally:
        unregister("nodes")
    with pytest.raises(ActsearchError, match="'lipschitz' cannot be taken back"):
        unregister("lipschitz")


def test_properties_are_features_of_the_surrogate():
    features = PropertyFeatures(swish(), ("lipschitz", "degree", "operations"))
    choices = np.array([swish().encode(parse(text)).choices for text in ("relu(x) * sigmoid(x)", "x + x")], np.int32)
    found = features(choices)
    assert found.shape == (2, 3)
    assert found[:, 1].tolist() == [0.0, pytest.approx(math.asinh(1))]  # the first has no degree
    assert np.isfinite(found).all()
    assert features(choices[:0]).shape == (0, 3)
    assert Surrogate(spectrum=features).config()["spectrum"] == repr(features)
    with pytest.raises(ActsearchError, match="parity is no number"):
        PropertyFeatures(swish(), ("parity",))


@pytest.mark.slow
def test_features_change_what_the_surrogate_proposes():
    features = PropertyFeatures(swish(), ("lipschitz", "he_gain"))
    runs = [search("swish-1", TABLE, Surrogate(spectrum=s), 40, batch=8).trials for s in (None, features)]
    assert [t.program for t in runs[0][:8]] == [t.program for t in runs[1][:8]]
    assert [t.program for t in runs[0]] != [t.program for t in runs[1]]

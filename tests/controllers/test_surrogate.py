"""The surrogate starts from known functions, proposes no function twice, and finds the top of a table soon."""

import functools
import json
import pickle

import numpy as np
import pytest

from actsearch.controllers.regressors import MODELS, NOISE, gaussian_process
from actsearch.controllers.surrogate import KNOWN, surrogate
from actsearch.engine import fingerprint, to_function
from actsearch.language import parse
from actsearch.spaces import Space, custom
from actsearch.spaces.template import Template
from actsearch.trials.trial import Trial

SPACE = custom(["x", "-x", "relu", "tanh", "exp", "sigmoid", "abs", "sqrt"], ["+", "*", "max"])  # 192 programs
LARGE = custom(["x", "relu", "tanh", "exp", "sigmoid", "abs"], ["+", "*", "max"], units=2)  # 46,656 programs


@functools.cache
def score(program):
    """Made up: how near a function, or a mirror image of it, is to max(tanh(x), -x)."""
    x = np.linspace(-3, 3, 25, dtype=np.float32)
    parameters = {name: np.ones(1, np.float32) for name, _ in program.parameters}
    values = np.nan_to_num(np.asarray(to_function(program)(x[:, None], **parameters))[:, 0])
    mirrored = (values, -values, values[::-1], -values[::-1])
    return float(np.exp(-min(np.mean(np.abs(one - np.maximum(np.tanh(x), -x))) for one in mirrored)))


def play(controller, batches, size=5, seed=0, judge=score, between=lambda state: state):
    state, trials = controller.init(seed), []
    for _ in range(batches):
        proposals, state = controller.ask(between(state), size)
        made = [Trial(len(trials) + i, p.program, "", "ok", judge(p.program)) for i, p in enumerate(proposals)]
        trials += made
        state = controller.tell(state, made)
    return trials, state


def choices(trials):
    return [trial.program.choices for trial in trials]


def test_starts_from_known_functions():
    proposals, _ = surrogate(SPACE).ask(surrogate(SPACE).init(0), len(KNOWN))
    found = {fingerprint(proposal.program) for proposal in proposals}
    assert len(found) == len(KNOWN)
    members = ("relu(x)", "tanh(x)", "x * sigmoid(x)")  # softplus and others are not in the space
    mirrored = {fingerprint(parse(sign + text)) for text in members for sign in ("", "-")}
    assert fingerprint(parse("x + relu(x)")) in found
    assert len(found & mirrored) >= 1
    assert surrogate(SPACE).least == 9


@pytest.mark.parametrize("space", [SPACE, LARGE], ids=["enumerated", "drawn"])
@pytest.mark.parametrize("acquisition", ["ei", "ucb", "thompson"])
def test_no_function_twice_and_none_that_is_not_finite(space, acquisition):
    trials, _ = play(surrogate(space, acquisition=acquisition, pool=64), 6, 7, judge=lambda program: 0.5)
    found = [fingerprint(trial.program) for trial in trials]
    assert len(found) == len(set(found)) == 42
    assert not any("sqrt(x)" in str(trial.program) for trial in trials if "abs" not in str(trial.program))


def test_it_ends_when_nothing_is_left():
    trials, state = play(surrogate(SPACE), 8, 40)
    prints = {fingerprint(program) for program in SPACE.enumerate() if np.isfinite(score(program))}
    assert 50 < len(trials) < len(prints) + 1
    assert surrogate(SPACE).ask(state, 3)[0] == []


@pytest.mark.parametrize("model", MODELS)
def test_a_seed_fixes_the_run_and_a_saved_state_goes_on(model):
    controller = surrogate(SPACE, model=model, acquisition="thompson")
    first, state = play(controller, 5)
    assert choices(play(controller, 5, between=lambda state: json.loads(json.dumps(state)))[0]) == choices(first)
    assert choices(play(controller, 5, between=lambda state: pickle.loads(pickle.dumps(state)))[0]) == choices(first)
    assert choices(play(controller, 5, seed=1)[0]) != choices(first)
    before = json.dumps(state)
    controller.ask(state, 3)
    controller.tell(state, first[:2])
    assert json.dumps(state) == before


def test_what_counts_as_evidence():
    controller = surrogate(SPACE)
    proposals, state = controller.ask(controller.init(0), 6)
    a, b, c, d, e, f = (proposal.program for proposal in proposals)
    trials = [
        *(Trial(0, a, "", "ok", 0.5), Trial(1, b, "", "diverged", 0.0), Trial(2, c, "", "rejected:finite")),
        *(Trial(3, d, "", "failed", 0.9), Trial(4, e, "", "duplicate", 0.9), Trial(5, a, "", "ok", 0.7)),
    ]
    evidence = controller.tell(state, trials)["evidence"]
    assert evidence == [[list(b.choices), 0.0, 1], [list(c.choices), 0.0, 1], [list(a.choices), 1.2, 2]]
    late = controller.tell(controller.tell(state, trials[5:]), trials[:5])
    assert sorted(late["evidence"]) == sorted(evidence)
    assert f not in [p.program for p in controller.ask(late, 30)[0]]


def test_programs_of_others_are_not_proposed_again():
    controller = surrogate(SPACE)
    others = [Trial(i, program, "", "ok", 0.5) for i, program in enumerate(SPACE.enumerate()) if i % 3 == 0]
    state = {**controller.tell(controller.init(0), others), "started": len(KNOWN)}
    told = {fingerprint(trial.program) for trial in others}
    assert not told & {fingerprint(proposal.program) for proposal in controller.ask(state, 30)[0]}


def test_memory_keeps_the_latest_and_the_best():
    controller = surrogate(SPACE, memory=16)
    trials = [Trial(i, p, "", "ok", 0.9 if i < 3 else i / 1000) for i, p in enumerate(SPACE.enumerate())][:100]
    state = controller.init(0)
    for trial in trials:
        state = controller.tell(state, [trial])
    kept = [tuple(row[0]) for row in state["evidence"]]
    assert len(kept) == 16
    assert kept[:3] == choices(trials[:3])
    assert kept[-8:] == choices(trials[-8:])


@pytest.mark.parametrize("model", MODELS)
def test_it_finds_the_top_sooner_than_chance(model):
    trials, _ = play(surrogate(SPACE, model=model), 5)
    scores = np.array([score(program) for program in SPACE.enumerate()])
    top = np.sort(np.unique(scores))[-2]
    first = next(i for i, trial in enumerate(trials[len(KNOWN) :], 1) if trial.score >= top)
    assert not any(trial.score >= top for trial in trials[: len(KNOWN)])  # it was found, not given
    assert first < 0.5 * np.log(0.5) / np.log(1 - np.mean(scores >= top))  # the median of chance


def test_a_spectrum_is_used_and_computed_once_for_a_program():
    asked = []

    def spectrum(rows):
        asked.extend(rows)
        return np.array([[row[0], row[1]] for row in rows], float)

    def judge(program):
        return program.choices[0] / 10

    with_it, _ = play(surrogate(SPACE, fisher=True, spectrum=spectrum), 4, judge=judge)
    without, _ = play(surrogate(SPACE), 4, judge=judge)
    assert len(asked) == len(set(asked)) > 0
    assert choices(with_it) != choices(without)
    assert "spectrum" not in surrogate(SPACE, fisher=True, spectrum=spectrum).options


def test_the_gaussian_process_is_that_of_scikit_learn():
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import Matern

    from actsearch.controllers.regressors import LENGTH

    rng = np.random.default_rng(0)
    known, values, candidates = rng.normal(size=(12, 3)), rng.normal(size=12), rng.normal(size=(30, 3))
    ours = gaussian_process(known, values, candidates, rng)
    theirs = GaussianProcessRegressor(Matern(LENGTH, nu=2.5), alpha=NOISE, optimizer=None).fit(known, values)
    mean, covariance = theirs.predict(candidates, return_cov=True)
    np.testing.assert_allclose(ours.mean, mean, atol=1e-4)
    np.testing.assert_allclose(ours.joint(np.arange(30)), covariance, atol=1e-4)
    np.testing.assert_allclose(ours.deviation, np.sqrt(np.diag(covariance)), atol=1e-4)
    assert ours.best == pytest.approx(theirs.predict(known).max())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "tree"}, "model is one of gp, knn, forest; received 'tree'"),
        ({"acquisition": "pi"}, "acquisition is one of ei, ucb, thompson; received 'pi'"),
        ({"pool": 4}, "pool must be an integer of at least 16; received 4"),
        ({"memory": 2}, "memory must be an integer of at least 16; received 2"),
    ],
)
def test_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        surrogate(SPACE, **options)


def test_a_space_without_decisions():
    with pytest.raises(ValueError, match="surrogate needs a space with decisions"):
        surrogate(Space("one", Template.bank([parse("x")])))


def test_the_spectrum_comes_from_a_search():
    with pytest.raises(ValueError, match="fisher and spectrum go together: a search with --option fisher=true gives"):
        surrogate(SPACE, fisher=True)

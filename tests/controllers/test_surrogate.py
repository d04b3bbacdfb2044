"""The surrogate starts from known functions, proposes no function twice, and comes to the top of a table soon."""

import dataclasses
import functools

import numpy as np
import pytest

from actsearch.controllers import Surrogate
from actsearch.controllers.pool import KNOWN
from actsearch.controllers.regressors import MODELS, NOISE, gaussian_process
from actsearch.engine import fingerprint, to_function
from actsearch.language import parse
from actsearch.spaces import custom
from actsearch.trials import Proposal
from tests.helpers.playing import choices_of, play, same, trial

SPACE = custom(["x", "-x", "relu", "tanh", "exp", "sigmoid", "abs", "sqrt"], ["+", "*", "max"])  # 192 programs
LARGE = custom(["x", "relu", "tanh", "exp", "sigmoid", "abs"], ["+", "*", "max"], units=2)  # 46,656 programs


@functools.cache
def score(program):
    """Returns how near a function, or a mirror image of it, is to max(tanh(x), -x)."""
    x = np.linspace(-3, 3, 25, dtype=np.float32)
    parameters = {name: np.ones(1, np.float32) for name, _ in program.parameters}
    values = np.nan_to_num(np.asarray(to_function(program)(x[:, None], **parameters))[:, 0])
    mirrored = (values, -values, values[::-1], -values[::-1])
    return float(np.exp(-min(np.mean(np.abs(image - np.maximum(np.tanh(x), -x))) for image in mirrored)))


class Scored:
    """Makes trials of programs with scores, their fingerprints those of a run."""

    def __init__(self, score=score):
        self.score = score

    def evaluate(self, proposals, start):
        """Returns the trials of proposals."""
        return [
            trial(start + i, proposal, self.score(proposal.program), fingerprint=fingerprint(proposal.program))
            for i, proposal in enumerate(proposals)
        ]


def search(controller, batches, *, space=SPACE, size=5, seed=0, score=score):
    """Returns the trials of a search and the last state."""
    return play(controller, seed, batches, space=space, size=size, evaluator=Scored(score))[1:]


def proposal_of(genotype):
    return Proposal(SPACE.decode(genotype), genotype)


def test_it_starts_from_known_functions():
    controller = Surrogate()
    proposals, _ = controller.ask(SPACE, controller.init(SPACE, 0), len(KNOWN))
    proposed = {fingerprint(proposal.program) for proposal in proposals}
    assert len(proposed) == len(KNOWN)
    members = ("relu(x)", "tanh(x)", "x * sigmoid(x)")  # softplus and others are not in the space
    mirrored = {fingerprint(parse(sign + text)) for text in members for sign in ("", "-")}
    assert fingerprint(parse("x + relu(x)")) in proposed
    assert len(proposed & mirrored) >= 1
    assert controller.min_budget() == 9


@pytest.mark.parametrize("space", [SPACE, LARGE], ids=["enumerated", "drawn"])
@pytest.mark.parametrize("acquisition", ["ei", "ucb", "thompson"])
def test_no_function_twice_and_none_that_is_not_finite(space, acquisition):
    controller = Surrogate(acquisition=acquisition, pool=64)
    trials, _ = search(controller, 6, space=space, size=7, score=lambda program: 0.5)
    assert len(trials) == len({trial.fingerprint for trial in trials}) == 42
    assert not any("sqrt(x)" in str(trial.program) for trial in trials if "abs" not in str(trial.program))


def test_it_ends_when_nothing_is_left():
    trials, state = search(Surrogate(), 8, size=40)
    programs = map(SPACE.decode, SPACE.enumerate())
    prints = {fingerprint(program) for program in programs if np.isfinite(score(program))}
    assert 50 < len(trials) < len(prints) + 1
    assert Surrogate().ask(SPACE, state, 3)[0] == []


@pytest.mark.parametrize("model", MODELS)
def test_a_seed_fixes_the_run(model):
    controller = Surrogate(model=model, acquisition="thompson")
    first, again, other = (choices_of(search(controller, 5, seed=seed)[0]) for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_what_counts_as_evidence():
    controller = Surrogate()
    (a, b, c, d, e, f), state = controller.ask(SPACE, controller.init(SPACE, 0), 6)
    trials = [
        trial(0, a, 0.5, fingerprint="a"),
        trial(1, b, 0.0, "diverged", fingerprint="b"),
        trial(2, c, None, "rejected", gate="finite", fingerprint="c"),
        trial(3, d, 0.9, "failed", fingerprint=""),
        trial(4, e, 0.9, "duplicate", first=0, fingerprint="e"),
        trial(5, a, 0.7, fingerprint="a"),
    ]
    evidence = controller.tell(SPACE, state, trials).evidence
    assert evidence.choices.tolist() == [list(row) for row in choices_of([b, c, a])]
    assert evidence.total.tolist() == [0.0, 0.0, 1.2]
    assert evidence.number.tolist() == [1, 1, 2]
    late = controller.tell(SPACE, controller.tell(SPACE, state, trials[5:]), trials[:5])
    assert sorted(late.evidence.key) == sorted(evidence.key)
    assert f not in controller.ask(SPACE, late, 30)[0]


def test_trials_of_one_function_are_one_piece_of_evidence():
    """What is the same function is what the run's fingerprints say, however it is written."""
    controller, state = Surrogate(), Surrogate().init(SPACE, 0)
    one, two = (proposal_of(SPACE.encode(parse(text))) for text in ("x * sigmoid(x)", "sigmoid(x) * x"))
    assert one.genotype != two.genotype
    state = controller.tell(SPACE, state, Scored(lambda program: 0.25).evaluate([one, two], 0))
    assert (state.evidence.total.tolist(), state.evidence.number.tolist()) == ([0.5], [2])


def test_functions_of_others_are_not_proposed_again():
    controller = Surrogate()
    genotypes = [genotype for i, genotype in enumerate(SPACE.enumerate()) if i % 3 == 0]
    others = Scored(lambda program: 0.5).evaluate([proposal_of(genotype) for genotype in genotypes], 0)
    state = controller.tell(SPACE, controller.init(SPACE, 0), others)._replace(started=len(KNOWN))
    proposed = {fingerprint(proposal.program) for proposal in controller.ask(SPACE, state, 30)[0]}
    assert not {one.fingerprint for one in others} & proposed


def test_memory_keeps_the_latest_and_the_best():
    controller, state = Surrogate(memory=16), Surrogate().init(SPACE, 0)
    genotypes = list(SPACE.enumerate())[:100]
    for i, genotype in enumerate(genotypes):
        state = controller.tell(SPACE, state, [trial(i, proposal_of(genotype), 0.9 if i < 3 else i / 1000)])
    kept = list(map(tuple, state.evidence.choices.tolist()))
    assert len(kept) == 16
    assert kept[:3] == [genotype.choices for genotype in genotypes[:3]]
    assert kept[-8:] == [genotype.choices for genotype in genotypes[-8:]]


@pytest.mark.parametrize("model", MODELS)
def test_it_comes_to_the_top_sooner_than_chance(model):
    trials, _ = search(Surrogate(model=model), 5)
    scores = np.array([score(SPACE.decode(genotype)) for genotype in SPACE.enumerate()])
    top = np.sort(np.unique(scores))[-2]
    first = next(i for i, one in enumerate(trials[len(KNOWN) :], 1) if one.score >= top)
    assert not any(one.score >= top for one in trials[: len(KNOWN)])  # it was searched for, not given
    assert first < 0.5 * np.log(0.5) / np.log(1 - np.mean(scores >= top))  # the median of chance


@dataclasses.dataclass(frozen=True)
class FirstChoices:
    """A made-up spectrum."""

    def __call__(self, choices):
        return choices[:, :2].astype(float)


def test_a_spectrum_is_a_value_that_changes_what_is_proposed():
    controller = Surrogate(spectrum=FirstChoices())

    def by_choice(program):
        return SPACE.encode(program).choices[0] / 10

    with_it, state = search(controller, 4, score=by_choice)
    without, _ = search(Surrogate(), 4, score=by_choice)
    assert choices_of(with_it) != choices_of(without)
    assert controller.config()["spectrum"] == "FirstChoices()"
    assert same(search(Surrogate(spectrum=FirstChoices()), 4, score=by_choice)[1], state)


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

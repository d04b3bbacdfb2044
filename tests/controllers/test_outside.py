"""A controller from outside the package, through the public API alone: made, registered, played, saved and restored."""

import dataclasses
from typing import NamedTuple

import numpy as np
import pytest

from actsearch.archive import checkpoint
from actsearch.controllers import CONTROLLERS, Controller, Repeated, SuccessiveHalving, get_controller, register
from actsearch.controllers.registry import _KINDS
from actsearch.language import ActsearchError
from actsearch.trials import Proposal
from tests.helpers.playing import SPACE, play, same


class State(NamedTuple):
    """State of local search."""

    seed: int
    asked: int
    elite: np.ndarray  # choices of every trial that improved on those before it, int32 [n, decisions]
    score: float


@dataclasses.dataclass(frozen=True)
class LocalSearch(Controller[State]):
    """Mutates the best program so far.

    Args:
      steps: mutations of a child.
    """

    name = "local"

    steps: int = 1

    def init(self, space, seed):
        return State(seed, 0, np.zeros((0, len(space.decisions)), np.int32), -1.0)

    def ask(self, space, state, n):
        rng = np.random.default_rng((state.seed, state.asked))
        genotypes = [self._child(space, state, rng) for _ in range(n)]
        proposals = [Proposal(space.decode(genotype), genotype) for genotype in genotypes]
        return proposals, state._replace(asked=state.asked + n)

    def tell(self, space, state, trials):
        for trial in trials:
            known = trial.genotype is not None and trial.genotype.space == space.name
            if known and trial.score is not None and trial.score > state.score:
                elite = np.concatenate([state.elite, [trial.genotype.choices]]).astype(np.int32)
                state = state._replace(elite=elite, score=trial.score)
        return state

    def _child(self, space, state, rng):
        if not len(state.elite):
            return space.sample(rng)
        genotype = space.genotype(state.elite[-1].tolist())
        for _ in range(self.steps):
            genotype = space.mutate(genotype, rng)
        return genotype


@pytest.fixture
def registered():
    """Registers the controller for one test; there is no public way to forget one."""
    yield register(LocalSearch)
    del _KINDS["local"]


def test_its_name_makes_it(registered):
    assert CONTROLLERS["local"] is LocalSearch
    assert get_controller("local", steps=2) == LocalSearch(steps=2)
    with pytest.raises(ActsearchError, match=r"does not take these options: .*pace.*; it has steps"):
        get_controller("local", pace=2)
    assert get_controller("local").config() == {"name": "local", "steps": 1}


@pytest.mark.parametrize("wrap", [lambda c: c, lambda c: Repeated(SuccessiveHalving(c, eta=2), share=0.3)])
def test_it_goes_on_from_a_saved_state_wrapped_or_not(tmp_path, wrap):
    def restored(number, state):
        if number != 4:
            return state
        controller = wrap(LocalSearch(steps=2))
        checkpoint.save(tmp_path, {"controller": controller.config()}, number, state)
        return checkpoint.load(tmp_path, {"controller": controller.config()}, controller.init(SPACE, 0)).state

    proposals, trials, state = play(wrap(LocalSearch(steps=2)), 0, 8, between=restored)
    unbroken, _, end = play(wrap(LocalSearch(steps=2)), 0, 8)
    assert proposals == unbroken
    assert same(state, end)
    assert max(trial.score or 0 for trial in trials) > 0.5


def test_a_dataclass_that_is_not_frozen_is_refused():
    class Mutable(Controller):
        name = "mutable"
        init = ask = tell = lambda self, *args: None

    with pytest.raises(ActsearchError, match=r"register takes a frozen dataclass .*; received .*Mutable"):
        register(Mutable)
    with pytest.raises(ActsearchError, match=r"register takes a frozen dataclass .*; received .*Mutable"):
        register(dataclasses.dataclass(Mutable))
    assert "mutable" not in CONTROLLERS

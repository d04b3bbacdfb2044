"""With scores below 0, such as a negative loss, a rejected program counts as no better than the worst one trained."""

import numpy as np
import pytest

from actsearch.controllers import PPO, GFlowNet, Surrogate
from actsearch.controllers.acquisition import standardise
from tests.helpers.playing import SPACE, trial


def delivered(controller, outcomes):
    """Returns the state after these outcomes of the first proposals: a score, or None for a rejection."""
    proposals, state = controller.ask(SPACE, controller.init(SPACE, 0), len(outcomes))
    rows = [
        trial(i, proposal, score, "ok") if score is not None else trial(i, proposal, status="rejected", gate="finite")
        for i, (proposal, score) in enumerate(zip(proposals, outcomes, strict=True))
    ]
    return controller.tell(SPACE, state, rows)


LEARNERS = [pytest.param(PPO(), marks=pytest.mark.slow), GFlowNet(), Surrogate()]


@pytest.mark.parametrize("controller", LEARNERS, ids=lambda controller: controller.name)
def test_what_a_rejection_counts_as(controller):
    assert delivered(controller, [None, -5.0, -2.0]).lowest == -5.0
    assert delivered(controller, [None, 0.5, 0.9]).lowest == 0.0


def test_a_rejection_before_the_lowest_score_counts_as_that_too():
    evidence = delivered(Surrogate(), [None, -5.0, -2.0]).evidence
    assert evidence.means(-5.0).tolist() == [-5.0, -5.0, -2.0]


def test_the_average_reward_of_ppo_has_the_lowest_score():
    assert delivered(PPO(batch=4), [None, -5.0, -2.0, -4.0]).baseline == -4.0


def test_negative_scores_keep_their_order():
    assert (np.diff(standardise(np.array([-5.0, -2.0, 0.5]))) > 0).all()
    assert standardise(np.array([-1.0, 3.0])).tolist() == [-1.0, 1.0]

"""The order-preserving loss against its closed form, and what the policy learns from it."""

import jax.numpy as jnp
import numpy as np

from actsearch.controllers import GFlowNet
from actsearch.controllers.gflownet import order_loss
from actsearch.controllers.policy import policy_functions
from actsearch.spaces import custom
from tests.helpers.playing import PlayEvaluator, choices_of, play, trial

SPACE = custom(["x", "relu", "beta * x", "tanh"], ["+", "*", "max"])
SMALL = {"batch": 8, "sample": 16, "updates": 4, "hidden": 8}


def test_the_loss_is_the_divergence_from_the_order():
    """KL(y || (p, p') / (p + p')) up to the entropy of y, in float64."""
    log_p = np.random.default_rng(0).normal(size=(50, 2))
    for difference, y in ((0.3, [1, 0]), (-2.0, [0, 1]), (0.0, [0.5, 0.5])):
        share = np.exp(log_p) / np.exp(log_p).sum(axis=1, keepdims=True)
        expected = -(np.array(y) * np.log(share)).sum(axis=1)
        losses = order_loss(jnp.array(log_p[:, 0] - log_p[:, 1]), jnp.full(50, difference))
        np.testing.assert_allclose(losses, expected, rtol=1e-5)


def played(score, rounds=30, **options):
    """Returns a controller and its state after rounds of trials with a score of their choices."""
    controller = GFlowNet(**SMALL | options)
    evaluator = PlayEvaluator(score, stage=lambda choices: "ok")
    return controller, play(controller, 0, rounds, space=SPACE, size=8, evaluator=evaluator)[2]


def test_the_policy_orders_programs_as_their_scores_do():
    _, state = played(lambda c: (c[0] + c[1]) / 6, learning_rate=0.03)
    rows = np.array([[a, b, 0] for a in range(4) for b in range(4)], np.int32)
    log_p = np.asarray(policy_functions((4, 4, 3), 8).follow(state.params, rows).log_probs.sum(axis=1))
    assert np.corrcoef(log_p, rows[:, 0] + rows[:, 1])[0, 1] > 0.8


def test_only_the_order_of_scores_counts():
    _, one = played(lambda c: c[0] / 3, 4)
    _, two = played(lambda c: 0.2 + 0.01 * (c[0] / 3) ** 3, 4)
    assert one.updates == 4
    for a, b in zip(one.params, two.params, strict=True):
        np.testing.assert_array_equal(a, b)


def test_exploring_everything_is_random_search():
    controller, state = played(lambda c: float(c[0] == 0), explore=1.0)
    firsts = [choices[0] for choices in choices_of(controller.ask(SPACE, state, 400)[0])]
    assert 60 < np.bincount(firsts, minlength=4)[0] < 140


def test_a_failed_trial_teaches_nothing_and_a_program_is_remembered_once():
    controller = GFlowNet(**SMALL)
    (proposal,), state = controller.ask(SPACE, controller.init(SPACE, 0), 1)
    assert len(controller.tell(SPACE, state, [trial(0, proposal, status="failed")]).memory.scores) == 0
    state = controller.tell(SPACE, state, [trial(i, proposal, i / 4) for i in range(3)])
    assert state.memory.choices.tolist() == [list(proposal.genotype.choices)]
    assert state.memory.scores.tolist() == [0.5]

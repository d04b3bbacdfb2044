"""The order-preserving loss against its closed form, and what the policy learns from it."""

import jax.numpy as jnp
import numpy as np
import pytest

from actsearch.controllers import get_controller
from actsearch.controllers.gflownet import order_loss
from actsearch.controllers.policy import compiled
from actsearch.spaces import custom
from actsearch.trials.trial import Trial

SPACE = custom(["x", "relu", "beta * x", "tanh"], ["+", "*", "max"])
SMALL = {"batch": 8, "sample": 16, "updates": 4, "hidden": 8}


def test_the_loss_is_the_divergence_from_the_order():
    """KL(y || (p, p') / (p + p')) up to the entropy of y, in float64."""
    log_p = np.random.default_rng(0).normal(size=(50, 2))
    for difference, y in ((0.3, [1, 0]), (-2.0, [0, 1]), (0.0, [0.5, 0.5])):
        share = np.exp(log_p) / np.exp(log_p).sum(axis=1, keepdims=True)
        expected = -(np.array(y) * np.log(share)).sum(axis=1)
        found = order_loss(jnp.array(log_p[:, 0] - log_p[:, 1]), jnp.full(50, difference))
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def play(controller, score, rounds=30):
    state, index = controller.init(0), 0
    for _ in range(rounds):
        proposals, state = controller.ask(state, 8)
        made = [Trial(index + i, p.program, "", "ok", score(p.program.choices)) for i, p in enumerate(proposals)]
        state, index = controller.tell(state, made), index + len(made)
    return state


def test_the_policy_orders_programs_as_their_scores_do():
    state = play(get_controller("gflownet", SPACE, **SMALL, learning_rate=0.03), lambda c: (c[0] + c[1]) / 6)
    rows = np.array([[a, b, 0] for a in range(4) for b in range(4)], np.int32)
    log_p = np.asarray(compiled((4, 4, 3), 8).follow(state["weights"], rows).log_probs.sum(axis=1))
    assert np.corrcoef(log_p, rows[:, 0] + rows[:, 1])[0, 1] > 0.8


def test_only_the_order_of_scores_counts():
    make = lambda: get_controller("gflownet", SPACE, **SMALL)  # noqa: E731
    one, two = play(make(), lambda c: c[0] / 3, 4), play(make(), lambda c: 0.2 + 0.01 * (c[0] / 3) ** 3, 4)
    for a, b in zip(one["weights"], two["weights"], strict=True):
        np.testing.assert_array_equal(a, b)


def test_exploring_everything_is_random_search():
    controller = get_controller("gflownet", SPACE, **SMALL, explore=1.0)
    state = play(controller, lambda c: float(c[0] == 0))
    firsts = [p.program.choices[0] for p in controller.ask(state, 400)[0]]
    assert 60 < np.bincount(firsts, minlength=4)[0] < 140


def test_a_failed_trial_teaches_nothing_and_a_program_is_remembered_once():
    controller = get_controller("gflownet", SPACE, **SMALL)
    (proposal,), state = controller.ask(controller.init(0), 1)
    assert controller.tell(state, [Trial(0, proposal.program, "", "failed")])["told"] == []
    state = controller.tell(state, [Trial(i, proposal.program, "", "ok", i / 4) for i in range(3)])
    assert state["told"] == [[list(proposal.program.choices), 0.5]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sample": 7}, "sample is paired, and must be even; received 7"),
        ({"batch": 0}, "batch must be an integer of at least 2; received 0"),
        ({"explore": 2}, "explore must be a probability, from 0 to 1; received 2"),
        ({"learning_rate": -1}, "learning_rate must be above 0; received -1"),
    ],
)
def test_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        get_controller("gflownet", SPACE, **options)

"""PPO and REINFORCE: the loss against closed forms, and what a lesson makes of trials that come when they like."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from actsearch.controllers import get_controller
from actsearch.controllers.policy import REMEMBERED, compiled
from actsearch.controllers.ppo import clipped_gain
from actsearch.spaces import custom
from actsearch.trials.trial import Trial

SPACE = custom(["x", "relu", "beta * x", "tanh"], ["+", "*", "max"])
SMALL = {"batch": 8, "hidden": 8}


def make(**options):
    return get_controller("ppo", SPACE, **SMALL | options)


def trials(proposals, scores, start=0):
    return [
        Trial(start + i, p.program, "", "ok", float(s)) for i, (p, s) in enumerate(zip(proposals, scores, strict=True))
    ]


def same(one, two):
    return jax.tree.all(jax.tree.map(lambda a, b: bool(np.array_equal(a, b)), one, two))


class TestGain:
    """Against NumPy in float64, over ratios and signs of the advantage."""

    log_ratio, advantage = (part.ravel() for part in np.meshgrid(np.linspace(-2, 2, 41), [-1.5, -0.2, 0.0, 0.7, 2.0]))

    def test_ppo(self):
        ratio = np.exp(self.log_ratio)
        expected = np.where(
            self.advantage >= 0,
            np.minimum(ratio, 1.2) * self.advantage,
            np.maximum(ratio, 0.8) * self.advantage,
        )
        with jax.enable_x64(True):
            found = clipped_gain(jnp.array(self.log_ratio), jnp.array(self.advantage), 0.2)
        np.testing.assert_allclose(found, expected, rtol=1e-12)

    def test_ppo_stops_where_the_ratio_has_moved_far_enough(self):
        slope = jax.grad(lambda r, a: clipped_gain(r, a, 0.2))
        assert slope(0.5, 1.0) == 0  # better, and already likelier
        assert slope(-0.5, -1.0) == 0  # worse, and already less likely
        assert slope(0.5, -1.0) == pytest.approx(-np.exp(0.5))
        assert slope(0.0, 3.0) == pytest.approx(3.0)

    def test_reinforce_is_the_score_function_on_policy_and_cut_off_beyond(self):
        slope = jax.grad(lambda r, a: clipped_gain(r, a, 0.2, "reinforce"))
        assert slope(0.0, 0.7) == pytest.approx(0.7)
        assert slope(-1.0, 0.7) == pytest.approx(0.7 * np.exp(-1.0))
        assert slope(2.0, 0.7) == pytest.approx(0.7 * 1.2)


class TestLessons:
    def test_one_lesson_a_batch(self):
        controller = make()
        state = controller.init(0)
        proposals, state = controller.ask(state, 12)
        told = trials(proposals, range(12))
        before = controller.tell(state, told[:7])
        assert same(before["weights"], state["weights"])
        after = controller.tell(before, told[7:])
        assert not same(after["weights"], state["weights"])
        assert len(after["told"]) == 4
        assert after["pending"] == []

    def test_the_baseline_is_a_moving_average_of_rewards(self):
        controller = make(decay=0.75)
        state = controller.init(0)
        for scores in (np.arange(8) / 8, np.ones(8)):
            proposals, state = controller.ask(state, 8)
            state = controller.tell(state, trials(proposals, scores))
        assert state["baseline"] == pytest.approx(0.75 * np.mean(np.arange(8) / 8) + 0.25 * 1)

    def test_a_rejected_program_has_the_reward_0_and_a_failed_one_none(self):
        controller = make()
        proposals, state = controller.ask(controller.init(0), 3)
        programs = [proposal.program for proposal in proposals]
        told = [Trial(0, programs[0], "", "rejected:finite"), Trial(1, programs[1], "", "failed")]
        state = controller.tell(state, told)
        assert [row[2] for row in state["told"]] == [0.0]
        assert len(state["pending"]) == 1

    def test_the_order_of_trials_does_not_matter(self):
        controller = make(learning_rate=0.1)
        proposals, state = controller.ask(controller.init(0), 8)
        told = trials(proposals, np.arange(8) / 8)
        one, two = controller.tell(state, told), controller.tell(state, told[::-1])
        for a, b in zip(one["weights"], two["weights"], strict=True):
            np.testing.assert_allclose(a, b, atol=1e-3)  # Adam magnifies the rounding of a sum

    def test_a_late_trial_counts_with_the_probability_of_its_proposal(self):
        controller = make(learning_rate=0.1)
        late, state = controller.ask(controller.init(0), 1)
        log_probs = state["pending"][0][1]
        for _ in range(3):
            proposals, state = controller.ask(state, 8)
            fresh = [p for p in proposals if p.program != late[0].program]
            state = controller.tell(state, trials(fresh, [p.program.choices[0] == 0 for p in fresh]))
        state = controller.tell({**state, "told": []}, trials(late, [0.5]))
        assert state["told"] == [[list(late[0].program.choices), log_probs, 0.5]]
        policy = compiled((4, 4, 3), 8)
        now = policy.follow(state["weights"], np.array([late[0].program.choices], np.int32)).log_probs[0]
        assert np.abs(np.asarray(now) - log_probs).max() > 0.05

    def test_what_nobody_asked_for_teaches_nothing(self):
        controller = make()
        proposals, state = controller.ask(controller.init(0), 8)
        told = trials(proposals, np.arange(8) / 8)
        state = controller.tell(state, told)
        assert controller.tell(state, told) == state

    def test_proposals_that_never_return_are_forgotten(self):
        controller = make()
        state = controller.init(0)
        for _ in range(3):
            _, state = controller.ask(state, REMEMBERED // 2)
        assert len(state["pending"]) == REMEMBERED


@pytest.mark.parametrize("options", [{}, {"algorithm": "reinforce"}, {"baseline": "value"}, {"normalize": False}])
def test_the_policy_moves_to_what_is_rewarded(options):
    controller = make(learning_rate=0.03, **options)
    state = controller.init(0)
    for _ in range(40):
        proposals, state = controller.ask(state, 8)
        state = controller.tell(state, trials(proposals, [p.program.choices[1] == 2 for p in proposals]))
    proposals, _ = controller.ask(state, 64)
    assert np.mean([p.program.choices[1] == 2 for p in proposals]) > 0.7  # by chance a quarter


def test_a_value_head_predicts_the_reward():
    controller = make(baseline="value", learning_rate=0.03)
    state = controller.init(0)
    for _ in range(60):
        proposals, state = controller.ask(state, 8)
        state = controller.tell(state, trials(proposals, [0.6] * 8))
    values = compiled((4, 4, 3), 8).follow(state["weights"], np.zeros((1, 3), np.int32)).values
    np.testing.assert_allclose(values, 0.6, atol=0.1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"algorithm": "a2c"}, "algorithm is ppo or reinforce; received 'a2c'"),
        ({"baseline": "median"}, "baseline is average or value; received 'median'"),
        ({"batch": 1}, "batch must be an integer of at least 2; received 1"),
        ({"epochs": 0}, "epochs must be an integer of at least 1; received 0"),
        ({"hidden": 1.5}, "hidden must be an integer of at least 1; received 1.5"),
        ({"learning_rate": 0}, "learning_rate must be above 0; received 0"),
        ({"clip": -0.1}, "clip must be above 0; received -0.1"),
        ({"entropy": -1}, "entropy must be at least 0; received -1"),
        ({"decay": 1.0}, "decay must be from 0 to below 1; received 1.0"),
    ],
)
def test_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        make(**options)

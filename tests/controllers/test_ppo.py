"""PPO and REINFORCE: the loss against closed forms, and what updates make of trials that come when they like."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from actsearch.controllers import PPO
from actsearch.controllers.policy import REMEMBERED, policy_functions
from actsearch.controllers.ppo import clipped_gain
from actsearch.spaces import custom
from tests.helpers.playing import choices_of, same, trial

SPACE = custom(["x", "relu", "beta * x", "tanh"], ["+", "*", "max"])
SMALL = {"batch": 8, "hidden": 8}


def started(**options):
    """Returns a controller and its first state."""
    controller = PPO(**SMALL | options)
    return controller, controller.init(SPACE, 0)


def trials(proposals, scores):
    return [trial(i, proposal, float(score)) for i, (proposal, score) in enumerate(zip(proposals, scores, strict=True))]


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
            gain = clipped_gain(jnp.array(self.log_ratio), jnp.array(self.advantage), 0.2)
        np.testing.assert_allclose(gain, expected, rtol=1e-12)

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


class TestUpdates:
    def test_one_update_a_batch(self):
        controller, state = started()
        proposals, state = controller.ask(SPACE, state, 12)
        results = trials(proposals, range(12))
        before = controller.tell(SPACE, state, results[:7])
        assert same(before.params, state.params)
        after = controller.tell(SPACE, before, results[7:])
        assert not same(after.params, state.params)
        assert len(after.experience.rewards) == 4
        assert len(after.pending.choices) == 0

    def test_the_baseline_is_a_moving_average_of_rewards(self):
        controller, state = started(decay=0.75)
        for scores in (np.arange(8) / 8, np.ones(8)):
            proposals, state = controller.ask(SPACE, state, 8)
            state = controller.tell(SPACE, state, trials(proposals, scores))
        assert state.baseline == pytest.approx(0.75 * np.mean(np.arange(8) / 8) + 0.25 * 1)

    def test_a_rejected_program_has_the_reward_0_and_a_failed_one_none(self):
        controller, state = started()
        proposals, state = controller.ask(SPACE, state, 3)
        results = [trial(0, proposals[0], status="rejected", gate="finite"), trial(1, proposals[1], status="failed")]
        state = controller.tell(SPACE, state, results)
        assert state.experience.rewards.tolist() == [0.0]
        assert state.experience.sequences.choices.tolist() == [list(proposals[0].genotype.choices)]
        assert len(state.pending.choices) == 1

    def test_the_order_of_trials_does_not_matter(self):
        controller, state = started(learning_rate=0.1)
        proposals, state = controller.ask(SPACE, state, 8)
        results = trials(proposals, np.arange(8) / 8)
        one, two = controller.tell(SPACE, state, results), controller.tell(SPACE, state, results[::-1])
        for a, b in zip(one.params, two.params, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-3)  # Adam magnifies the rounding of a sum

    def test_a_late_trial_counts_with_the_probability_of_its_proposal(self):
        controller, state = started(learning_rate=0.1)
        (late,), state = controller.ask(SPACE, state, 1)
        log_probs = state.pending.log_probs[0]
        for _ in range(3):
            proposals, state = controller.ask(SPACE, state, 8)
            fresh = [proposal for proposal in proposals if proposal.genotype != late.genotype]
            state = controller.tell(SPACE, state, trials(fresh, [choices[0] == 0 for choices in choices_of(fresh)]))
        state = controller.tell(SPACE, state, trials([late], [0.5]))
        place = state.experience.rewards.tolist().index(0.5)
        np.testing.assert_array_equal(state.experience.sequences.log_probs[place], log_probs)
        policy = policy_functions((4, 4, 3), 8)
        now = policy.follow(state.params, np.array([late.genotype.choices], np.int32)).log_probs[0]
        assert np.abs(np.asarray(now) - log_probs).max() > 0.05

    def test_what_nobody_asked_for_teaches_nothing(self):
        controller, state = started()
        proposals, state = controller.ask(SPACE, state, 8)
        results = trials(proposals, np.arange(8) / 8)
        state = controller.tell(SPACE, state, results)
        assert same(controller.tell(SPACE, state, results), state)

    def test_proposals_that_never_return_are_forgotten(self):
        controller, state = started()
        for _ in range(3):
            _, state = controller.ask(SPACE, state, REMEMBERED // 2)
        assert len(state.pending.choices) == REMEMBERED

    def test_equal_controllers_compile_once(self):
        """The update is that of the hyperparameters: another controller of the same ones has it too."""
        from actsearch.controllers.ppo import _update

        assert _update((4, 4, 3), PPO(batch=5)) is _update((4, 4, 3), PPO(batch=5))
        assert _update((4, 4, 3), PPO(batch=5)) is not _update((4, 4, 3), PPO(batch=5, clip=0.3))


@pytest.mark.parametrize(
    "options",
    [{}, {"algorithm": "reinforce", "normalize": True}, pytest.param({"baseline": "value"}, marks=pytest.mark.slow)],
    ids=str,
)
def test_the_policy_moves_to_what_is_rewarded(options):
    controller, state = started(learning_rate=0.03, **options)
    for _ in range(40):
        proposals, state = controller.ask(SPACE, state, 8)
        state = controller.tell(SPACE, state, trials(proposals, [row[1] == 2 for row in choices_of(proposals)]))
    proposals, _ = controller.ask(SPACE, state, 64)
    assert np.mean([row[1] == 2 for row in choices_of(proposals)]) > 0.7  # by chance a quarter


def test_a_value_head_predicts_the_reward():
    controller, state = started(baseline="value", learning_rate=0.03)
    for _ in range(60):
        proposals, state = controller.ask(SPACE, state, 8)
        state = controller.tell(SPACE, state, trials(proposals, [0.6] * 8))
    values = policy_functions((4, 4, 3), 8).follow(state.params, np.zeros((1, 3), np.int32)).values
    np.testing.assert_allclose(values, 0.6, atol=0.1)

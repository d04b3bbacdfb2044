"""The recurrent policy is a distribution over the choice vectors of a space, and says their probabilities right."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from actsearch.controllers.policy import draw_new, policy_functions

SIZES = (4, 2, 3)
EVERYTHING = np.array(list(itertools.product(*map(range, SIZES))), np.int32)
POLICY = policy_functions(SIZES, 8)


def trained_weights(seed=0):
    """Weights far from their start, so that every choice has a probability of its own."""
    keys = jax.random.split(jax.random.key(seed), 100)
    return [leaf + jax.random.normal(key, leaf.shape) for leaf, key in zip(POLICY.init(0), keys, strict=False)]


def test_it_starts_as_random_search():
    steps = POLICY.follow(POLICY.init(3), EVERYTHING)
    np.testing.assert_allclose(steps.log_probs, np.broadcast_to(-np.log(SIZES), EVERYTHING.shape), rtol=1e-6)
    np.testing.assert_allclose(steps.entropy, np.broadcast_to(np.log(SIZES), EVERYTHING.shape), rtol=1e-6)
    np.testing.assert_array_equal(steps.values, 0)


def test_probabilities_sum_to_one_over_the_space():
    steps = POLICY.follow(trained_weights(), EVERYTHING)
    assert np.exp(steps.log_probs.sum(axis=1)).sum() == pytest.approx(1, abs=1e-5)


def test_a_choice_depends_on_those_before_and_on_no_later_one():
    steps = POLICY.follow(trained_weights(), np.array([[0, 0, 0], [0, 1, 2], [1, 0, 0]], np.int32))
    assert steps.log_probs[0, 0] == steps.log_probs[1, 0]
    assert steps.entropy[0, 1] == steps.entropy[1, 1] != steps.entropy[2, 1]


def test_entropy_is_that_of_the_conditional_distribution():
    firsts = np.array([[c, 0, 0] for c in range(SIZES[0])], np.int32)
    steps = POLICY.follow(trained_weights(), firsts)
    p = np.exp(np.asarray(steps.log_probs[:, 0], np.float64))
    assert float(steps.entropy[0, 0]) == pytest.approx(-(p * np.log(p)).sum(), rel=1e-5)


def test_samples_are_legal_and_as_frequent_as_they_are_likely():
    weights = trained_weights()
    choices, log_probs = POLICY.sample(weights, 0, 0, 4096)
    assert (choices >= 0).all()
    assert (choices < SIZES).all()
    np.testing.assert_allclose(log_probs, POLICY.follow(weights, choices).log_probs, atol=1e-5)
    places = np.ravel_multi_index(choices.T, SIZES)
    expected = 4096 * np.exp(POLICY.follow(weights, EVERYTHING).log_probs.sum(axis=1))
    counts = np.bincount(places, minlength=len(EVERYTHING))
    assert (np.abs(counts - expected) < 5 * np.sqrt(expected + 1)).all()


def test_a_sample_depends_on_its_number_and_not_on_its_batch():
    weights = trained_weights()
    whole, _ = POLICY.sample(weights, 7, 0, 11)
    part, _ = POLICY.sample(weights, 7, 4, 3)
    np.testing.assert_array_equal(whole[4:7], part)
    other, _ = POLICY.sample(weights, 8, 0, 11)
    assert (whole != other).any()


def test_gradients_are_finite_where_choices_are_masked():
    gradients = jax.grad(lambda w: POLICY.follow(w, EVERYTHING).log_probs.sum())(trained_weights())
    assert all(bool(jnp.isfinite(leaf).all()) for leaf in gradients)


def test_the_first_draw_that_was_not_proposed_before():
    drawn = np.array([[0, 0, 0], [1, 0, 0], [1, 0, 0], [2, 0, 0], [0, 0, 0], [0, 0, 0]], np.int32)
    log_probs = np.arange(18, dtype=np.float32).reshape(6, 3)
    choices, chosen = draw_new((drawn, log_probs), 2, np.array([[0, 0, 0]], np.int32))
    assert choices.tolist() == [[1, 0, 0], [2, 0, 0], [0, 0, 0]]
    assert chosen.tolist() == log_probs[[1, 3, 4]].tolist()
    assert draw_new((drawn[:0], log_probs[:0]), 2, drawn)[0].shape == (0, 3)

"""The probe: what it holds, and that evaluation on it is the program's own."""

import jax
import jax.numpy as jnp
import numpy as np

from actsearch import parse, to_function
from actsearch.engine.probe import (
    GROUPS,
    RESOLUTION,
    SHAPE,
    TAILS,
    evaluate_all,
    evaluate_on,
    points,
    probe_tensors,
    quantise,
    tensor_probe,
)


def test_near_holds_the_points_and_far_the_tails():
    near, far = probe_tensors()
    assert near.shape == far.shape == SHAPE
    assert set(near.ravel()) == set(points())
    tails = {sign * value for value in TAILS for sign in (1, -1)}
    assert set(far.ravel()) == set(points()) - {0.0} | tails
    assert points().size == 261
    assert {-5.0, -4.0, 0.0, 4.0, 5.0} < set(points())


def test_examples_and_channels_of_the_tensors_differ():
    for tensor in (*probe_tensors(), tensor_probe()):
        for axes in ((1, 2, 3), (0, 1, 2), (1, 2)):  # of each example, each channel, each of both
            for statistic in (np.mean(tensor, axes), np.std(tensor, axes)):
                assert np.unique(np.round(statistic, 3)).size > 0.9 * statistic.size


def test_all_settings_at_once_are_one_after_another():
    program = parse("x * sigmoid(beta * x) / group_std(x) + shift")
    values = np.array([[0.5, 1.0], [2.0, -1.0], [0.25, 3.0]])
    together = evaluate_all(program, probe_tensors(), values)
    assert together.shape == (3, 2, *SHAPE)
    for row, (beta, shift) in zip(together, values, strict=True):
        for output, x in zip(row, probe_tensors(), strict=True):
            np.testing.assert_allclose(evaluate_on(program, x, {"beta": beta, "shift": shift}), output, rtol=1e-12)
            with jax.enable_x64(True):
                own = to_function(program, groups=GROUPS)(jnp.asarray(x), beta=beta, shift=shift)
            np.testing.assert_allclose(own, output, rtol=1e-12)


def test_what_counts_as_equal():
    values = np.array([0.3, 1e9, np.nan, np.inf, -np.inf])
    codes = quantise(values)
    np.testing.assert_array_equal(quantise(values * (1 + 1e-9)), codes)
    assert np.unique(codes).size == 5
    assert (quantise(values[:2] * (1 + 5 * RESOLUTION)) != codes[:2]).all()


def test_a_users_debugging_of_nans_is_no_matter():
    with jax.debug_nans(True), jax.debug_infs(True):
        assert np.isnan(evaluate_on(parse("sqrt(x)"), np.array([-1.0, 4.0]), {})).tolist() == [True, False]

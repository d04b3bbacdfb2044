"""The recipe's optimizers against their formulas."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from actsearch.language import ActsearchError
from actsearch.tasks import Muon, Recipe


def test_optimizer_is_momentum_descent_with_a_scaled_rate():
    optimizer = Recipe(learning_rate=0.1).optimizer(1, 2.0)
    state, total = optimizer.init(jnp.float32(0)), 0.0
    for expected in (-0.2, -0.38, -0.542):  # 0.2 * (1, 1.9, 2.71)
        update, state = optimizer.update(jnp.float32(1), state)
        total += float(update)
        assert float(update) == pytest.approx(expected)


def descend(recipe, gradients, parameter=1.0):
    """Returns the values that a kernel of one weight takes under the given gradients."""
    optimizer, values = recipe.optimizer(4), []
    weight = jnp.full((1, 1), parameter)
    state = optimizer.init(weight)
    for gradient in gradients:
        update, state = optimizer.update(jnp.full((1, 1), gradient), state, weight)
        weight = weight + update
        values.append(float(weight[0, 0]))
    return values


def test_cosine_goes_from_the_rate_to_zero():
    recipe = Recipe(learning_rate=0.1, momentum=0.0, schedule="cosine")
    steps = -np.diff([1.0, *descend(recipe, [1.0] * 4)])
    np.testing.assert_allclose(steps, [0.05 * (1 + np.cos(np.pi * t / 4)) for t in range(4)], rtol=1e-4)


def test_nesterov_looks_ahead():
    recipe = Recipe(learning_rate=0.1, nesterov=True)
    expected, trace, weight = [], 0.0, 1.0
    for gradient in (1.0, -2.0, 0.5):
        trace = gradient + 0.9 * trace
        weight -= 0.1 * (gradient + 0.9 * trace)
        expected.append(weight)
    np.testing.assert_allclose(descend(recipe, (1.0, -2.0, 0.5)), expected, rtol=1e-5)


def test_weight_decay_adds_to_the_gradient_of_kernels_alone():
    recipe = Recipe(learning_rate=0.1, weight_decay=0.5)
    expected, trace, weight = [], 0.0, 2.0
    for gradient in (1.0, 0.0):
        trace = gradient + 0.5 * weight + 0.9 * trace
        weight -= 0.1 * trace
        expected.append(weight)
    np.testing.assert_allclose(descend(recipe, (1.0, 0.0), parameter=2.0), expected, rtol=1e-5)
    optimizer, parameters = recipe.optimizer(4), {"scale": jnp.ones(3), "kernel": jnp.ones((2, 3))}
    zeros = jax.tree.map(jnp.zeros_like, parameters)
    updates, _ = optimizer.update(zeros, optimizer.init(parameters), parameters)
    assert not updates["scale"].any()
    np.testing.assert_allclose(updates["kernel"], jnp.full((2, 3), -0.05))


def test_adamw_is_its_formula():
    recipe = Recipe(learning_rate=0.1, algorithm="adamw", b2=0.98, weight_decay=0.5)
    expected, weight, mean, square = [], 2.0, 0.0, 0.0
    for step, gradient in enumerate((1.0, -0.3, 0.2), 1):
        mean, square = 0.9 * mean + 0.1 * gradient, 0.98 * square + 0.02 * gradient**2
        ratio = mean / (1 - 0.9**step) / (np.sqrt(square / (1 - 0.98**step)) + 1e-8)
        weight -= 0.1 * (ratio + 0.5 * weight)
        expected.append(weight)
    np.testing.assert_allclose(descend(recipe, (1.0, -0.3, 0.2), parameter=2.0), expected, rtol=1e-4)


@pytest.mark.parametrize("algorithm", ["adamw", Muon(adamw_rate=0.1)], ids=["adamw", "muon"])
def test_only_kernels_decay(algorithm):
    optimizer = Recipe(learning_rate=0.1, algorithm=algorithm, weight_decay=0.5).optimizer(4)
    parameters = {"scale": jnp.ones(3), "kernel": jnp.ones((2, 3))}
    zeros = jax.tree.map(jnp.zeros_like, parameters)
    updates, _ = optimizer.update(zeros, optimizer.init(parameters), parameters)
    assert not updates["scale"].any()
    np.testing.assert_allclose(updates["kernel"], jnp.full((2, 3), -0.05), rtol=1e-5)


def test_muon_makes_the_update_of_a_matrix_nearly_orthogonal():
    """Its singular values come close to one another, whatever those of the gradient are (Jordan 2024)."""
    gradient = jnp.asarray(np.random.default_rng(0).normal(size=(8, 8)) @ np.diag(np.geomspace(1, 50, 8)), jnp.float32)
    optimizer = Recipe(learning_rate=0.1, algorithm=Muon(adamw_rate=0.1)).optimizer(4)
    update, _ = optimizer.update({"kernel": gradient}, optimizer.init({"kernel": gradient}), {"kernel": gradient})
    sizes = np.linalg.svd(np.asarray(update["kernel"]), compute_uv=False)
    before = np.linalg.svd(np.asarray(gradient), compute_uv=False)
    assert before.max() / before.min() > 30
    assert sizes.max() / sizes.min() < 3


def test_muon_leaves_embeddings_head_and_vectors_to_adamw():
    recipe = Recipe(learning_rate=0.1, algorithm=Muon(adamw_rate=0.02, adamw=("embedding", "head", "maps.1")), b2=0.98)
    shapes = {
        "tokens": {"embedding": (5, 4)},
        "maps": [{"kernel": (4, 4), "bias": (4,)}, {"kernel": (4, 4)}],
        "headless": {"kernel": (4, 4)},
        "head": {"kernel": (4, 5)},
        "conv": {"kernel": (3, 3, 2, 2)},
    }
    draw = np.random.default_rng(0).normal
    parameters, *gradients = (
        jax.tree.map(
            lambda shape: jnp.asarray(draw(size=shape), jnp.float32),
            shapes,
            is_leaf=lambda node: isinstance(node, tuple),
        )
        for _ in range(3)
    )

    def updates(recipe):
        optimizer = recipe.optimizer(4, 2.0)
        state = optimizer.init(parameters)
        for gradient in gradients:
            update, state = optimizer.update(gradient, state, parameters)
        return update

    update = updates(recipe)
    adamw = updates(dataclasses.replace(recipe, algorithm="adamw", learning_rate=0.02))
    same = jax.tree.map(lambda one, other: bool(jnp.allclose(one, other, rtol=1e-5)), update, adamw)
    assert not same["maps"][0].pop("kernel")
    assert not same["headless"].pop("kernel")
    assert all(jax.tree.leaves(same))
    sizes = np.linalg.svd(np.asarray(update["headless"]["kernel"]), compute_uv=False)
    assert 0.1 < sizes.min() < sizes.max() < 0.3  # nearly orthogonal, times the rate


@pytest.mark.parametrize(("schedule", "last"), [("constant", 0.1), ("cosine", 0.05 * (1 + np.cos(np.pi * 5 / 6)))])
def test_warmup_rises_to_the_rate(schedule, last):
    recipe = Recipe(learning_rate=0.1, momentum=0.0, schedule=schedule, warmup=0.25)
    optimizer, rates = recipe.optimizer(8), []
    state = optimizer.init(jnp.float32(0))
    for _ in range(8):
        update, state = optimizer.update(jnp.float32(1), state)
        rates.append(-float(update))
    np.testing.assert_allclose(rates[:3], [0.0, 0.05, 0.1], atol=1e-7)
    assert rates[-1] == pytest.approx(last, rel=1e-4)


def test_a_training_may_be_all_warm_up():
    assert rates(Recipe(learning_rate=0.1, momentum=0.0, schedule="cosine", warmup=0.6), 1) == [0.0]


def rates(recipe, steps):
    """Returns the rate of every step of momentum-free descent."""
    optimizer = recipe.optimizer(steps)
    state, found = optimizer.init(jnp.float32(0)), []
    for _ in range(steps):
        update, state = optimizer.update(jnp.float32(1), state)
        found.append(-float(update))
    return found


@pytest.mark.parametrize(
    ("steps", "warmup", "expected"),
    [
        (10, 0.0, [0.1] * 3 + [0.02] * 3 + [0.004] * 4),
        (10, 0.2, [0.0, 0.05, 0.1] + [0.02] * 3 + [0.004] * 4),
        (2, 0.0, [0.1, 0.004]),
    ],
    ids=["plain", "after a warm-up", "two drops on one step"],
)
def test_steps_drop_the_rate(steps, warmup, expected):
    recipe = Recipe(learning_rate=0.1, momentum=0.0, schedule="steps", drops=(0.3, 0.6), drop=0.2, warmup=warmup)
    np.testing.assert_allclose(rates(recipe, steps), expected, rtol=1e-5)


@pytest.mark.parametrize(
    "fields",
    [
        {"schedule": "steps"},
        {"drops": (0.5,)},
        {"schedule": "steps", "drops": (0.7, 0.5)},
        {"schedule": "steps", "drops": (0.5, 1.0)},
        {"schedule": "steps", "drops": (0.5,), "drop": 0.0},
    ],
    ids=["no drops", "drops of a constant rate", "falling", "at the end", "to nothing"],
)
def test_drops_that_cannot_be(fields):
    with pytest.raises(ActsearchError, match="drops"):
        Recipe(learning_rate=0.1, **fields)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("schedule", "linear"),
        ("algorithm", "adam"),
        ("dtype", "float16"),
        ("algorithm", "muon"),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("weight_decay", -1.0),
        ("momentum", 1.0),
        ("b2", 1.0),
        ("warmup", 1.0),
    ],
)
def test_out_of_range_is_refused_by_name(field, value):
    with pytest.raises(ActsearchError, match=f"{field}.*{value}"):
        Recipe(**{"learning_rate": 0.1, field: value})


def test_a_rate_of_adamw_out_of_range():
    with pytest.raises(ActsearchError, match="adamw_rate is above 0"):
        Muon(adamw_rate=0.0)

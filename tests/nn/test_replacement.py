"""Unedited networks of many shapes: the candidate wherever they call a function, values and gradients as before."""

import functools
import pickle
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen, nnx
from jax.extend.core import Primitive
from jax.nn import relu

from actsearch import parse
from actsearch.language import ActsearchError
from actsearch.nn import Layer, sites, sites_of
from actsearch.nn.calls import call_widths, run_replaced


class ByName(nnx.Module):
    def __init__(self, rngs):
        self.conv, self.norm = nnx.Conv(1, 4, (3, 3), rngs=rngs), nnx.BatchNorm(4, rngs=rngs)
        self.dropout, self.head = nnx.Dropout(0.2, rngs=rngs), nnx.Linear(4, 3, rngs=rngs)

    def __call__(self, x):
        x = relu(self.norm(self.conv(x)))
        return self.head(self.dropout(x.mean(axis=(1, 2))))


class Stored(nnx.Module):
    def __init__(self, rngs):
        self.first, self.act, self.last = nnx.Linear(5, 4, rngs=rngs), nnx.relu, nnx.Linear(4, 3, rngs=rngs)

    def __call__(self, x):
        return self.last(self.act(self.first(x)))


class Jitted(Stored):
    @nnx.jit
    def __call__(self, x):
        return self.last(jax.nn.relu(self.first(x)))


class Twice(Stored):
    def __call__(self, x):
        return nnx.relu(self.last(nnx.relu(self.first(x))))


def sequential(rngs):
    return nnx.Sequential(nnx.Linear(5, 4, rngs=rngs), nnx.relu, nnx.Linear(4, 3, rngs=rngs))


class LinenNet(linen.Module):
    @linen.compact
    def __call__(self, x, train=True):
        x = linen.BatchNorm(use_running_average=not train)(linen.Dense(4)(x))
        x = linen.Dropout(0.2, deterministic=not train)(linen.relu(x))
        return linen.Dense(3)(x)


class PlainLinen(linen.Module):
    @linen.compact
    def __call__(self, x):
        return linen.Dense(3)(linen.relu(linen.Dense(4)(x)))


class Sowing(linen.Module):
    """Draws from a stream of its own, and tells a collection of its own what it did."""

    @linen.compact
    def __call__(self, x, train):
        x = linen.relu(linen.Dense(4)(x))
        self.sow("losses", "mean", x.mean())
        return linen.Dense(3)(x + jax.random.normal(self.make_rng("noise"), x.shape) if train else x)


class Attending(nnx.Module):
    def __init__(self, rngs):
        self.attention = nnx.MultiHeadAttention(1, 4, dropout_rate=0.1, decode=False, rngs=rngs)
        self.last = nnx.Linear(4, 4, rngs=rngs)

    def __call__(self, x):
        return self.last(nnx.relu(self.attention(x)))


class OfLists(linen.Module):
    widths: list[int]
    act: Callable = linen.relu

    @linen.compact
    def __call__(self, x):
        for width in self.widths:
            x = self.act(linen.Dense(width)(x))
        return x


def of_lists(rngs):
    return OfLists([4, 3])


CASES = {
    "imported by name": (ByName, (8, 8, 1), [4]),
    "stored": (Stored, (5,), [4]),
    "under jit": (Jitted, (5,), [4]),
    "twice": (Twice, (5,), [4, 3]),
    "sequential": (sequential, (5,), [4]),
    "linen": (PlainLinen(), (5,), [4]),
    "linen with state": (LinenNet(), (5,), [4]),
    "linen with streams": (Sowing(), (5,), [4]),
    "linen behind a function": (of_lists, (5,), [4, 3]),
}
EVERY = pytest.mark.parametrize(("network", "shape", "features"), CASES.values(), ids=CASES)


def layer(formula):
    return lambda features: Layer(parse(formula), features)


def inputs(shape):
    return jax.random.normal(jax.random.key(1), (6, *shape))


def step(network, x):
    """Returns the value, the gradients by the network's own names, and the changed state of one training step."""
    graph, params, rest = nnx.split(network, nnx.Param, ...)

    @jax.jit
    def loss(params, rest):
        merged = nnx.merge(graph, params, rest, copy=True)
        merged.train()
        return jnp.mean(merged(x) ** 2), nnx.state(merged, nnx.Not(nnx.Param))

    return jax.value_and_grad(loss, has_aux=True)(params, rest)


def alike(one, other):
    assert jax.tree.structure(one) == jax.tree.structure(other)
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        if not jnp.issubdtype(a.dtype, jax.dtypes.prng_key):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@EVERY
def test_has_a_layer_at_every_call(network, shape, features):
    rows = sites(lambda make: sites_of(network, shape)(make, rngs=nnx.Rngs(params=0)))
    assert [row.features for row in rows] == features


@EVERY
def test_relu_in_the_place_of_relu_changes_nothing(network, shape, features):
    edited = sites_of(network, shape)(layer("relu(x)"), rngs=nnx.Rngs(params=0))
    (value, state), gradients = step(edited, inputs(shape))
    (plain_value, plain_state), plain_gradients = step(edited.inner, inputs(shape))
    np.testing.assert_allclose(value, plain_value, rtol=1e-6)
    alike(nnx.to_pure_dict(gradients)["inner"], nnx.to_pure_dict(plain_gradients))
    alike(nnx.to_pure_dict(state).get("inner", {}), nnx.to_pure_dict(plain_state))


@EVERY
def test_a_candidate_brings_its_parameters_and_statistics(network, shape, features):
    edited = sites_of(network, shape)(layer("sin(beta * x) / batch_std(x)"), rngs=nnx.Rngs(params=0))
    (value, state), gradients = step(edited, inputs(shape))
    assert [len(row["parameters"]["beta"]) for row in nnx.to_pure_dict(gradients)["layers"].values()] == features
    assert all(jnp.any(leaf != 0) for leaf in jax.tree.leaves(nnx.to_pure_dict(gradients)["layers"]))
    assert all(row["steps"] == 1 for row in nnx.to_pure_dict(state)["layers"].values())
    assert value != step(edited.inner, inputs(shape))[0][0]


@EVERY
def test_evaluation_draws_nothing_and_changes_nothing(network, shape, features):
    edited = sites_of(network, shape)(layer("relu(x)"), rngs=nnx.Rngs(params=0))
    edited.eval()
    np.testing.assert_array_equal(edited(inputs(shape)), edited(inputs(shape)))


@EVERY
def test_is_a_value(network, shape, features):
    configuration = sites_of(network, shape)
    assert pickle.loads(pickle.dumps(configuration)) == configuration
    assert hash(sites_of(network, shape)) == hash(configuration)


@jax.jit
def own(x):
    return x**3


def exact_gelu(x):
    return nnx.gelu(x, approximate=False)


def plain(x):
    return x**2 + x


@pytest.mark.parametrize("replace", [nnx.silu, nnx.elu, nnx.tanh, nnx.sigmoid, nnx.gelu, exact_gelu, plain, own])
def test_other_functions_are_found(replace):
    def network(rngs):
        return nnx.Sequential(nnx.Linear(5, 4, rngs=rngs), replace, nnx.relu)

    rows = sites(lambda make: sites_of(network, (5,), replace=replace)(make, rngs=nnx.Rngs(params=0)))
    assert [row.features for row in rows] == [4]


class TwoGelus(Stored):
    def __call__(self, x):
        return nnx.gelu(self.last(exact_gelu(self.first(nnx.gelu(x))))) + 0.5 * x[:, :1]


def test_a_function_of_many_operations_is_replaced_wherever_it_is_called():
    """JAX 0.10 writes GELU out; calls with another option than its default are not sites."""
    edited = sites_of(TwoGelus, (5,), replace=nnx.gelu)(layer("sin(x)"), rngs=nnx.Rngs(params=0))
    assert [row.num_features for row in edited.layers] == [5, 3]
    x, first, last = inputs((5,)), edited.inner.first, edited.inner.last
    expected = jnp.sin(last(exact_gelu(first(jnp.sin(x))))) + 0.5 * x[:, :1]
    np.testing.assert_allclose(edited(x), expected, rtol=1e-5, atol=1e-6)
    same = sites_of(TwoGelus, (5,), replace=nnx.gelu)(lambda features: nnx.gelu, rngs=nnx.Rngs(params=0))
    np.testing.assert_array_equal(same(x), same.inner(x))


def test_intermediate_values_that_others_read_stay():
    def tanh_of_twice(x):
        return jnp.tanh(2 * x)

    x = inputs((4,))
    twice = jax.make_jaxpr(lambda x: ((y := 2 * x), jnp.tanh(y) - y))(x)
    assert list(call_widths(twice.jaxpr, tanh_of_twice)) == [4]
    doubled, difference = run_replaced(twice, [x], tanh_of_twice, iter([jnp.sin]))
    np.testing.assert_array_equal(doubled, 2 * x)
    np.testing.assert_array_equal(difference, jnp.sin(x) - 2 * x)


def test_a_power_is_told_from_another():
    def cube(x):
        return x**3

    assert not list(call_widths(jax.make_jaxpr(lambda x: x**2)(inputs((4,))).jaxpr, cube))


TABLE = np.arange(4, dtype=np.float32)[None]


def test_a_call_inside_a_jaxpr_with_constants_is_not_overlooked():
    inside = jax.make_jaxpr(lambda x: nnx.relu(x + TABLE))(inputs((4,))).jaxpr
    assert inside.constvars
    wrapped = Primitive("wrapped")
    wrapped.def_abstract_eval(lambda x, *, body: x)
    whole = jax.make_jaxpr(lambda x: wrapped.bind(x, body=inside))(inputs((4,)))
    with pytest.raises(ActsearchError, match="calls relu inside wrapped of JAX"):
        list(call_widths(whole.jaxpr, nnx.relu))


def test_a_jitted_function_with_constants_is_replaced_in():
    whole = jax.make_jaxpr(jax.jit(lambda x: nnx.relu(x + TABLE)))(inputs((4,)))
    (value,) = run_replaced(whole, [inputs((4,))], nnx.relu, iter([jnp.sin]))
    np.testing.assert_allclose(value, jnp.sin(inputs((4,)) + TABLE), rtol=1e-6)


def looped(x):
    return jax.lax.fori_loop(0, 2, lambda _, y: nnx.relu(y), x)


def branched(x):
    return jax.lax.cond(x[0, 0] > 0, nnx.relu, lambda y: y, x)


@pytest.mark.parametrize(
    ("function", "replace", "message"),
    [
        (nnx.silu, nnx.relu, "never calls relu"),
        (looped, nnx.relu, "calls relu inside (scan|while) of JAX"),
        (branched, nnx.relu, "calls relu inside cond of JAX"),
        (jax.checkpoint(lambda x: nnx.relu(x)), nnx.relu, "calls relu inside (remat|checkpoint).* of JAX"),
        (lambda x: nnx.relu(x.sum(axis=1)), nnx.relu, r"on an array of shape \(2,\)"),
        (nnx.silu, lambda x: x, "leaves no trace by which calls of <lambda> could be found"),
        (nnx.silu, lambda x: x * TABLE, "leaves no trace"),
    ],
    ids=["never", "loop", "branch", "remat", "no features", "no trace", "own array"],
)
def test_says_where_it_cannot(function, replace, message):
    def network(rngs):
        return nnx.Sequential(nnx.Linear(5, 4, rngs=rngs), function)

    with pytest.raises(ActsearchError, match=message):
        sites_of(network, (5,), replace=replace)(layer("x"), rngs=nnx.Rngs(params=0))


class AuxiliaryHead(linen.Module):
    @linen.compact
    def __call__(self, x, train):
        extra = linen.relu(linen.Dense(4, name="extra")(x)).sum() if train else 0
        return linen.relu(linen.Dense(4, name="first")(x)) + extra


class BatchLast(nnx.Module):
    def __init__(self, rngs):
        self.weights = nnx.Param(jnp.ones((4, 5)))

    def __call__(self, x):
        return jax.vmap(lambda row: nnx.relu(self.weights[...] @ row))(x)


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (AuxiliaryHead(), r"calls relu on arrays of \[4\] features, and of \[4, 4\] when it was made"),
        (BatchLast, r"calls relu on arrays of \[6\] features, and of \[2\] when it was made"),
    ],
    ids=["in training alone", "batch last"],
)
def test_calls_that_depend_on_the_batch_or_on_training_are_refused(network, message):
    edited = sites_of(network, (5,))(layer("sin(x)"), rngs=nnx.Rngs(params=0))
    edited.eval()
    with pytest.raises(ActsearchError, match=message):
        edited(inputs((5,)))


class KeywordOnly(Stored):
    def __init__(self, *, rngs):
        super().__init__(rngs)


class OtherSwitch(linen.Module):
    @linen.compact
    def __call__(self, x, is_train):
        return linen.relu(x)


class NoSwitch(linen.Module):
    @linen.compact
    def __call__(self, x):
        return linen.relu(linen.BatchNorm(use_running_average=False)(x))


@pytest.mark.parametrize(
    ("network", "shape", "message"),
    [
        (LinenNet, (5,), r"not its class: write LinenNet\(...\)"),
        (Stored(nnx.Rngs(0)), (5,), "give the class Stored, or a function"),
        (KeywordOnly, (5,), r"calls KeywordOnly\(rngs\), which does not fit .*: give a function of a module"),
        (OfLists([4]), (5,), "The Linen module OfLists cannot be hashed: give it tuples for lists"),
        (PlainLinen(), 5, r"without the batch axis, such as \(8,\); received 5"),
    ],
    ids=["class", "network", "keyword", "list", "shape"],
)
def test_says_what_it_takes(network, shape, message):
    with pytest.raises(ActsearchError, match=message):
        sites_of(network, shape)


def test_says_which_arguments_of_linen_it_sets():
    with pytest.raises(ActsearchError, match="its __call__ wants is_train: rename it"):
        sites_of(OtherSwitch(), (5,))(layer("x"), rngs=nnx.Rngs(params=0))


def test_attention_is_told_that_it_trains_before_it_is_called():
    rows = sites(lambda make: sites_of(Attending, (3, 4))(make, rngs=nnx.Rngs(params=0)))
    assert [row.features for row in rows] == [4]


def test_linen_has_to_tell_training_from_evaluation():
    edited = sites_of(NoSwitch(), (5,))(layer("x"), rngs=nnx.Rngs(params=0))
    edited.eval()
    with pytest.raises(ActsearchError, match="changes statistics in evaluation, too: give its __call__ an argument"):
        edited(inputs((5,)))


def test_a_function_without_a_name_cannot_be_pickled():
    with pytest.raises(pickle.PicklingError, match=r"functools.partial\(.*\) is no function of a module"):
        pickle.dumps(sites_of(Stored, (5,), replace=functools.partial(nnx.leaky_relu, negative_slope=0.2)))

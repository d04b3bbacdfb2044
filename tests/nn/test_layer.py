"""The layer that holds a candidate: parameters, moving averages, precision, errors, and who may run its function."""

import pickle
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen, nnx
from jax.sharding import PartitionSpec as P

from actsearch import ActsearchError, parse, to_function
from actsearch.catalog import CATALOG, LAYERS
from actsearch.engine import interpret
from actsearch.nn import MLP, Layer
from actsearch.spaces import evonorm
from actsearch.spaces.template import Template

PRELU = parse("param alpha = 0.25; relu(x) + alpha * minzero(x) + shift")
X = np.array([[-2.0, 0.5, 1.0], [0.0, -0.25, 3.0]], np.float32)
SCALED = parse("param beta = 0; (x - batch_mean(x)) / batch_std(x) * gamma + beta")


def images(seed=0, shape=(4, 5, 2, 3), dtype=jnp.float32):
    rng = np.random.default_rng(seed)
    return jnp.asarray(rng.normal(rng.normal(size=shape[-1]), rng.uniform(0.5, 2, shape[-1]), shape), dtype)


def test_parameters_are_one_value_a_channel_at_their_initial_value():
    layer = Layer(PRELU, num_features=3)
    state = nnx.state(layer, nnx.Param)
    assert sorted(layer.parameters) == ["alpha", "shift"]
    np.testing.assert_array_equal(layer.parameters["alpha"][...], [0.25] * 3)
    np.testing.assert_array_equal(layer.parameters["shift"][...], [0.0] * 3)
    assert sum(leaf.size for leaf in jax.tree.leaves(state)) == 6
    assert jax.tree.leaves(nnx.state(layer, nnx.Not(nnx.Param))) == []


def test_a_layer_without_parameters_has_no_state():
    assert jax.tree.leaves(nnx.state(Layer(parse("relu(x)"), 3))) == []


@pytest.mark.parametrize("entry", CATALOG.values(), ids=lambda entry: entry.name)
def test_computes_the_published_function(entry):
    x = images() if entry.program.reductions else jnp.asarray(X)
    inputs = [x, x[::-1]][: len(entry.program.arguments)]
    np.testing.assert_array_equal(Layer(entry.program, 3)(*inputs), to_function(entry.program)(*inputs))


SHARED = parse("scalar alpha = 0.5; tanh(alpha * x) * gamma + shift")


def test_a_scalar_is_one_number_whose_gradient_sums_over_channels():
    layer = Layer(SHARED, 3)
    assert {key: value.shape for key, value in layer.parameters.items()} == {"alpha": (), "gamma": (3,), "shift": (3,)}
    slope = lambda program: nnx.grad(lambda layer: layer(X).sum())(Layer(program, 3))["parameters"]  # noqa: E731
    alone, each = slope(SHARED), slope(parse(str(SHARED).replace("scalar", "param")))
    np.testing.assert_allclose(alone["alpha"][...], jnp.sum(each["alpha"][...]), rtol=1e-5)
    np.testing.assert_allclose(alone["gamma"][...], each["gamma"][...], rtol=1e-6)


def test_a_scalar_of_another_shape_is_an_error():
    layer = Layer(SHARED, 3)
    layer.parameters["alpha"] = nnx.Param(jnp.ones(3))
    with pytest.raises(ActsearchError, match=r"needs parameter alpha of shape \(\); received \(3,\)"):
        layer(X)


def test_uses_its_parameters_and_trains_them():
    layer = Layer(PRELU, 3)
    layer.parameters["alpha"][...] = jnp.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(layer(X), np.where(X > 0, X, X * [1.0, 2.0, 3.0]), rtol=1e-6)
    graph, parameters = nnx.split(layer)
    gradient = jax.grad(lambda parameters: nnx.merge(graph, parameters)(X).sum())(parameters)
    slopes = nnx.to_pure_dict(gradient)["parameters"]
    np.testing.assert_allclose(slopes["alpha"], np.minimum(X, 0).sum(axis=0))
    np.testing.assert_allclose(slopes["shift"], [2.0, 2.0, 2.0])


@pytest.mark.parametrize("dtype", [None, jnp.float16, jnp.bfloat16, jnp.float32])
@pytest.mark.parametrize("param_dtype", [jnp.float32, jnp.bfloat16])
@pytest.mark.parametrize("input_dtype", [jnp.float16, jnp.bfloat16, jnp.float32])
def test_dtypes_are_those_of_flax(dtype, param_dtype, input_dtype):
    x, dtypes = images(dtype=input_dtype), {"dtype": dtype, "param_dtype": param_dtype}
    layer, prelu = Layer(SCALED, 3, **dtypes), Layer(PRELU, 3, **dtypes)
    batch_norm = linen.BatchNorm(use_running_average=False, **dtypes)
    expected, _ = batch_norm.init_with_output(jax.random.key(0), x)
    assert layer(x).dtype == expected.dtype
    assert prelu(x).dtype == expected.dtype
    assert layer.parameters["gamma"].dtype == param_dtype
    assert layer.statistics.dtype == jnp.float32
    assert layer(x, True).dtype == expected.dtype
    assert layer.statistics.dtype == jnp.float32, "after an update too"


def test_without_parameters_the_result_has_the_dtype_of_the_input():
    assert Layer(parse("relu(x)"), 3)(images(dtype=jnp.float16)).dtype == jnp.float16


@pytest.mark.parametrize(
    ("param_dtype", "input_dtype", "statistics", "result"),
    [
        ("float32", "float64", "float32", "float64"),
        ("float32", "float32", "float32", "float32"),
        ("float64", "float32", "float64", "float64"),
        ("bfloat16", "bfloat16", "float32", "bfloat16"),
    ],
)
def test_dtypes_where_float64_is_enabled(param_dtype, input_dtype, statistics, result):
    with jax.enable_x64(True):
        layer, x = Layer(SCALED, 3, param_dtype=param_dtype), images(dtype=input_dtype)
        assert layer(x).dtype == layer(x, True).dtype == result
        assert layer.statistics.dtype == statistics
        assert layer.parameters["gamma"].dtype == param_dtype


@pytest.mark.parametrize("option", ["dtype", "param_dtype"])
def test_refuses_a_dtype_of_whole_numbers(option):
    with pytest.raises(ActsearchError, match=f"needs a floating-point {option}; received .*int32"):
        Layer(SCALED, 3, **{option: jnp.int32})


def test_an_interpreted_program_is_a_layer_too():
    template = Template.bank([parse("tanh(x)"), PRELU])
    layer = Layer(interpret(template, jnp.array([1])), 3)
    np.testing.assert_allclose(layer(jnp.asarray(X)), Layer(PRELU, 3)(jnp.asarray(X)), rtol=1e-6)


def test_an_interpreted_layer_keeps_the_same_averages():
    """Its statistics have a row for every slot of the template; evaluation shows that the right one is read."""
    space = evonorm(nodes=6)
    genotypes = [space.sample(np.random.default_rng(seed)) for seed in range(100)]
    genotype = next(genotype for genotype in genotypes if len(space.decode(genotype).batch_reductions) > 1)
    layers = Layer(interpret(space.template, jnp.array(genotype.choices)), 3), Layer(space.decode(genotype), 3)
    for seed in range(2):
        for layer in layers:
            layer(images(seed))
    for layer in layers:
        layer.eval()
    np.testing.assert_allclose(layers[0](images(2)), layers[1](images(2)), rtol=1e-5, atol=1e-6)


def test_compiles_under_nnx_jit_once():
    layer, traced = Layer(SCALED, 3), []

    @nnx.jit
    def step(layer, x):
        traced.append(1)
        return layer(x)

    for seed in range(3):
        step(layer, images(seed))
    assert (len(traced), int(layer.steps[...])) == (1, 3)


def test_equal_programs_make_equal_graphs_however_many_came_between():
    text, traced = "x * sigmoid(v * x) / batch_std(x)", []

    @jax.jit
    def apply(graph, state, x):
        traced.append(1)
        return nnx.merge(graph, state)(x)

    first = nnx.split(Layer(parse(text), 3))
    for number in range(1100):
        Layer(parse(f"x + {number}"), 3)
    second = nnx.split(Layer(parse(text), 3))
    assert first[0] == second[0]
    np.testing.assert_array_equal(apply(*first, images()), apply(*second, images()))
    assert len(traced) == 1
    assert first[0] != nnx.split(Layer(parse("x / batch_std(x)"), 3))[0]


def test_pickles():
    """A layer of a program, one of an interpreted program, and the graph of each, as Flax's own layers do."""
    template = Template.bank([PRELU, SCALED])
    for layer in (Layer(SCALED, 3), Layer(interpret(template, jnp.array([1])), 3)):
        layer(images())
        copy, graph = pickle.loads(pickle.dumps((layer, nnx.graphdef(layer))))
        np.testing.assert_array_equal(copy.statistics[...], layer.statistics[...])
        np.testing.assert_array_equal(copy(images(1)), layer(images(1)))
        np.testing.assert_array_equal(nnx.merge(graph, nnx.state(layer))(images(1), True), layer(images(1), True))


def test_nnx_view_sets_it_as_it_sets_flaxs_batch_norm():
    class Network(nnx.Module):
        def __init__(self, rngs):
            self.dropout, self.norm = nnx.Dropout(0.5, rngs=rngs), nnx.BatchNorm(3, rngs=rngs)
            self.layers = nnx.List([Layer(SCALED, 3), Layer(PRELU, 3)])

    network = Network(nnx.Rngs(0))
    view = nnx.view(network, deterministic=True, use_running_average=True)
    assert view.norm.use_running_average is True
    assert [layer.use_running_average for layer in view.layers] == [True, True]
    assert [layer.use_running_average for layer in network.layers] == [False, False]
    assert not any(layer.use_running_average for layer in nnx.view(view, use_running_average=False).layers)
    assert nnx.view(view, deterministic=False).layers[0].use_running_average
    assert nnx.view(Layer(SCALED, 3), use_running_average=True).use_running_average
    for alone in (Layer(SCALED, 3), nnx.BatchNorm(3, rngs=nnx.Rngs(0))):
        with pytest.raises(ValueError, match="deterministic"):
            nnx.view(alone, deterministic=True, use_running_average=True)


@pytest.mark.parametrize("use_running_average", [False, True])
def test_a_view_computes_what_the_call_does(use_running_average):
    layer, other = Layer(SCALED, 3), Layer(SCALED, 3)
    for one in (layer, other):
        one(images(1))
    view = nnx.view(layer, use_running_average=use_running_average)
    np.testing.assert_array_equal(view(images()), other(images(), np.bool_(use_running_average)))
    np.testing.assert_array_equal(layer.statistics[...], other.statistics[...])


def test_nnx_tabulate_lists_its_layers():
    table = nnx.tabulate(Layer(SCALED, 3), images(), console_kwargs={"width": 200})
    assert all(word in table for word in ("Layer", "statistics", "steps", "[4,5,2,3]", "24 B"))
    network = MLP((8, 4, 6, 2), lambda features: Layer(SCALED, features), rngs=nnx.Rngs(0))
    table = nnx.tabulate(network, jnp.ones((2, 8)), console_kwargs={"width": 200})
    assert "layers/0" in table
    assert "layers/1" in table


def test_takes_what_becomes_an_array():
    expected = Layer(SCALED, 3)(jnp.asarray(X))
    for x in (X.astype(float), X.tolist()):
        np.testing.assert_array_equal(Layer(SCALED, 3)(x), expected)


# Moving averages.


def flax_batch_norm(features=3):
    return nnx.BatchNorm(features, momentum=0.9, epsilon=1e-5, use_fast_variance=False, rngs=nnx.Rngs(0))


@pytest.mark.parametrize("shape", [(4, 5, 2, 3), (16, 3), (4, 9, 3)])
def test_equals_flaxs_batch_norm(shape):
    ours, flax = Layer(SCALED, 3), flax_batch_norm()
    for seed in range(4):
        np.testing.assert_allclose(ours(images(seed, shape)), flax(images(seed, shape)), rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(ours.statistics[0], flax.mean[...], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(ours.statistics[1], flax.var[...], rtol=1e-5)
    ours.eval()
    flax.eval()
    x = images(4, shape)
    np.testing.assert_allclose(ours(x), flax(x), rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(ours(x, use_running_average=True), ours(x))
    assert int(ours.steps[...]) == 4, "evaluation moves nothing"


IN_FLAX = {
    # program -> its Flax layer, and the shape of an input
    "(x - group_mean(x)) / group_std(x)": (lambda: nnx.GroupNorm(8, num_groups=4, **NORM), (4, 5, 2, 8)),
    "(x - instance_mean(x)) / instance_std(x)": (lambda: nnx.InstanceNorm(8, **NORM), (4, 5, 2, 8)),
    "(x - feature_mean(x)) / feature_std(x)": (lambda: nnx.LayerNorm(8, **NORM), (4, 5, 2, 8)),
    "x / feature_rms(x)": (lambda: nnx.RMSNorm(8, **NORM), (4, 5, 2, 8)),
    "(x - layer_mean(x)) / layer_std(x)": (lambda: nnx.LayerNorm(8, **NORM), (4, 8)),
    "x / layer_rms(x)": (lambda: nnx.RMSNorm(8, **NORM), (4, 8)),
}
NORM = {"epsilon": 1e-5, "use_fast_variance": False, "rngs": nnx.Rngs(0)}


@pytest.mark.parametrize("text", IN_FLAX)
def test_equals_flaxs_other_norms(text):
    make, shape = IN_FLAX[text]
    np.testing.assert_allclose(
        Layer(parse(text), 8, groups=4)(images(0, shape)), make()(images(0, shape)), rtol=1e-5, atol=1e-5
    )


def nested_moments(x):
    """Moments of `batch_std(instance_mean(x))` and of `batch_mean(batch_std(x) * x)`, in the order of the program."""
    instance = np.broadcast_to(x.mean((1, 2), keepdims=True), x.shape)
    variance = x.var((0, 1, 2))
    return np.stack([instance.var((0, 1, 2)), variance, (np.sqrt(variance + 1e-5) * x).mean((0, 1, 2))])


def test_nested_batch_statistics_have_right_averages():
    layer = Layer(parse("x / batch_std(instance_mean(x)) - batch_mean(batch_std(x) * x)"), 3)
    expected = np.array([[1.0], [1.0], [0.0]])
    for seed in range(3):
        layer(images(seed))
        expected = 0.9 * expected + 0.1 * nested_moments(np.asarray(images(seed), float))
    np.testing.assert_allclose(layer.statistics[...], expected, rtol=1e-5, atol=1e-6)
    x = np.asarray(images(3))
    value = x / np.sqrt(expected[0] + 1e-5) - expected[2]
    np.testing.assert_allclose(layer(jnp.asarray(x), True), value, rtol=1e-4, atol=1e-5)


def test_nothing_is_trained_through_moving_averages():
    graph, state, rest = nnx.split(Layer(parse("x / batch_std(v * x)"), 3), nnx.Param, ...)

    def moved(state, x):
        layer = nnx.merge(graph, state, rest, copy=True)
        layer(x)
        return jnp.sum(layer.statistics[...])

    for gradient in jax.tree.leaves(jax.grad(moved, (0, 1))(state, images())):
        np.testing.assert_array_equal(gradient, jnp.zeros_like(gradient))


def test_evaluation_inside_jit_uses_the_initial_statistics():
    """There the number of steps is not known; a mean of 0 and a variance of 1 are left."""
    layer = Layer(SCALED, 3)
    value = nnx.jit(lambda layer, x: layer(x, True))(layer, images())
    np.testing.assert_allclose(value, images(), rtol=1e-4)


@pytest.mark.parametrize("shape", [(16, 3), (4, 9, 3)])
@pytest.mark.parametrize("name", [name for name in LAYERS if "instance" not in str(CATALOG[name].program)])
def test_vectors_and_sequences(name, shape):
    """A sequence is an image of height 1, and a vector an image of one pixel."""
    program, x = CATALOG[name].program, images(0, shape)
    image = x.reshape(shape[0], 1, -1, 3)
    np.testing.assert_allclose(Layer(program, 3)(x), Layer(program, 3)(image).reshape(shape), rtol=1e-5, atol=1e-6)


# Masks, and statistics across devices.

MASK = jnp.asarray(np.random.default_rng(7).random((4, 5, 2, 1)) < 0.6)


@pytest.mark.parametrize("mask", [MASK, MASK.astype(jnp.int32), jnp.broadcast_to(MASK, (4, 5, 2, 3))])
def test_a_mask_means_what_it_means_in_flax(mask):
    ours, flax = Layer(SCALED, 3), flax_batch_norm()
    for seed in range(2):
        np.testing.assert_allclose(
            ours(images(seed), mask=mask), flax(images(seed), mask=mask.astype(bool)), rtol=1e-5, atol=1e-5
        )
    np.testing.assert_allclose(ours.statistics[0], flax.mean[...], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ours.statistics[1], flax.var[...], rtol=1e-5)
    np.testing.assert_array_equal(ours(images(), True, mask=mask), ours(images(), True))


def test_masked_positions_change_nothing_elsewhere():
    x, changed = images(), jnp.where(MASK, images(), 1e3)
    for text in ("x / batch_rms(x)", "(x - batch_mean(x)) / batch_std(x)"):
        layer, other = Layer(parse(text), 3), Layer(parse(text), 3)
        kept = jnp.broadcast_to(MASK, x.shape)
        np.testing.assert_allclose(layer(x, mask=MASK)[kept], other(changed, mask=MASK)[kept], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(layer.statistics[...], other.statistics[...], rtol=1e-5)


def test_statistics_of_an_example_take_no_mask():
    for text in ("x / instance_rms(x)", "x / layer_std(x)", "x - feature_mean(x)", "x * sigmoid(x)"):
        np.testing.assert_array_equal(Layer(parse(text), 3)(images(), mask=MASK), Layer(parse(text), 3)(images()))


def test_refuses_a_mask_that_does_not_fit():
    with pytest.raises(ActsearchError, match=r"cannot take an input of shape .*: a mask must .*mask\[..., None\]"):
        Layer(SCALED, 3)(images(), mask=MASK[..., 0])


def in_shares(layer, x, mask=None, how="vmap"):
    """Returns what a layer does where four members of an axis have a quarter of the batch each, and its statistics."""
    graph, state = nnx.split(layer)

    def one(state, x, mask):
        own = nnx.merge(graph, state, copy=True)
        y = own(x, mask=mask)
        return y, nnx.state(own, nnx.BatchStat)

    shares = [None if part is None else part.reshape(4, -1, *part.shape[1:]) for part in (x, mask)]
    if how == "vmap":
        return jax.jit(jax.vmap(one, (None, 0, None if mask is None else 0), axis_name="batch"))(state, *shares)

    def on_device(state, x, mask):
        here = one(state, x[0], None if mask is None else mask[0])
        return jax.tree.map(lambda leaf: leaf[None], here)

    mesh = jax.make_mesh((4,), ("batch",), axis_types=(jax.sharding.AxisType.Auto,))
    # JAX has groups of indices without check_vma alone.
    split = {"in_specs": (P(), P("batch"), P("batch")), "out_specs": P("batch"), "check_vma": False}
    return jax.jit(jax.shard_map(on_device, mesh=mesh, **split))(state, *shares)


@pytest.mark.parametrize(("how", "members"), [("vmap", None), ("shard_map", None), ("shard_map", [[0, 1], [2, 3]])])
@pytest.mark.parametrize("masked", [False, True])
def test_statistics_across_devices_are_those_of_flax(how, members, masked):
    across = {"axis_name": "batch", "axis_index_groups": members}
    norm = {"momentum": 0.9, "epsilon": 1e-5, "use_fast_variance": False, "rngs": nnx.Rngs(0)}
    mask = jnp.tile(MASK, (2, 1, 1, 1)) if masked else None
    x = images(shape=(8, 5, 2, 3))
    ours, state = in_shares(Layer(SCALED, 3, **across), x, mask, how)
    flax, expected = in_shares(nnx.BatchNorm(3, **across, **norm), x, mask, how)
    np.testing.assert_allclose(ours, flax, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(state["statistics"][:, 0], expected["mean"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(state["statistics"][:, 1], expected["var"], rtol=1e-5)
    if not masked and not members:
        np.testing.assert_allclose(ours.reshape(x.shape), Layer(SCALED, 3)(x), rtol=1e-5, atol=1e-5)


def test_an_interpreted_layer_refuses_both():
    make = lambda **options: Layer(interpret(Template.bank([SCALED, PRELU]), jnp.array([0])), 3, **options)  # noqa: E731
    for layer, mask in ((make(), MASK), (make(axis_name="batch"), None)):
        with pytest.raises(ActsearchError, match="received a mask or an axis_name: make the layer from the program"):
            layer(images(), mask=mask)


# Precision.


def in_bfloat16(total):
    """The mean of [n] numbers with every step in bfloat16, as a naive port does."""
    total = np.asarray(total)
    result = total.dtype.type(0)
    for value in total:
        result = result + value
    return float(result / total.dtype.type(len(total)))


def test_statistics_of_bfloat16_are_computed_in_float32():
    x = jnp.asarray(np.random.default_rng(0).normal(3.0, 1.0, (16, 8, 8, 1)), jnp.bfloat16)
    exact = np.asarray(x, np.float64)
    layer = Layer(SCALED, 1, momentum=0.0, dtype=jnp.bfloat16)
    y = layer(x)
    assert (y.dtype, layer.statistics.dtype) == (jnp.bfloat16, jnp.float32)
    mean, variance = np.asarray(layer.statistics, np.float64)[:, 0]
    flat = np.asarray(x).ravel()
    naive_mean = in_bfloat16(flat)
    naive_variance = in_bfloat16(flat * flat) - naive_mean**2
    assert abs(mean / exact.mean() - 1) < 1e-6 < 0.1 < abs(naive_mean / exact.mean() - 1)
    assert abs(variance / exact.var() - 1) < 1e-6 < 0.1 < abs(naive_variance / exact.var() - 1)
    expected = (exact - exact.mean()) / np.sqrt(exact.var() + 1e-5)
    np.testing.assert_allclose(np.asarray(y, float), expected, rtol=2**-8)  # one rounding to 8 bits


# Errors: each names the layer, what came and what to do.


@pytest.mark.parametrize("features", [0, -1])
def test_refuses_a_number_of_features(features):
    with pytest.raises(ValueError, match=f"num_features of at least 1; received {features}: pass the size"):
        Layer(PRELU, features)


@pytest.mark.parametrize("shape", [(), (2,), (3, 2), (2, 3, 1)])
def test_refuses_an_input_of_another_size(shape):
    with pytest.raises(
        ValueError, match=r"has 3 features; received an input of shape \(.*make the layer with the size"
    ):
        Layer(PRELU, 3)(jnp.ones(shape))


BAD_INPUTS = {
    "rank": ("x / batch_std(x)", (3,), r"cannot take an input of shape \(3,\): batch_std .*add one .*x\[None\]"),
    "empty batch": ("x / batch_std(x)", (0, 4, 4, 3), r"cannot take an input of shape \(0, 4, 4, 3\): .*leave out"),
    "empty image": ("x / instance_std(x)", (2, 0, 4, 3), r"cannot take an input of shape \(2, 0, 4, 3\): .*leave out"),
    "no space": ("x / instance_std(x)", (2, 3), r"cannot take an input of shape \(2, 3\): .*use batch_, layer_ or"),
}


@pytest.mark.parametrize("case", BAD_INPUTS)
def test_refuses_an_input_without_the_statistic(case):
    text, shape, message = BAD_INPUTS[case]
    with pytest.raises(ValueError, match=re.escape(f"The layer {text} ") + message):
        Layer(parse(text), 3)(jnp.ones(shape))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"groups": 0}, "groups of at least 1; received 0: 32 is usual"),
        ({"epsilon": -1e-5}, "a finite epsilon of at least 0; received -1e-05: 1e-05 is usual"),
        ({"epsilon": float("nan")}, "a finite epsilon of at least 0; received nan"),
        ({"momentum": 1.0}, "a momentum from 0 up to, not including, 1; received 1.0: 0.9 is usual"),
        ({"momentum": -0.1}, "a momentum from 0 up to, not including, 1; received -0.1"),
    ],
)
def test_refuses_an_option_out_of_range(options, message):
    with pytest.raises(ValueError, match=re.escape(f"The layer {SCALED} needs {message}")):
        Layer(SCALED, 3, **options)


def test_refuses_whole_numbers():
    with pytest.raises(TypeError, match=r"The layer .*batch_std.* received int32 of shape \(2, 3\): write x.astype"):
        Layer(SCALED, 3)(jnp.ones((2, 3), int))


def test_refuses_an_evaluation_before_any_training():
    with pytest.raises(ValueError, match=r"The layer .*batch_std.* shape \(2, 3\) .*call it once .*restore"):
        Layer(SCALED, 3)(jnp.ones((2, 3)), use_running_average=True)


@pytest.mark.parametrize(
    ("other", "kind", "message"),
    [
        (Layer(SCALED, 5), nnx.Param, r"needs parameter gamma of shape \(3,\); received \(5,\): .*anew"),
        (Layer(SCALED, 5), nnx.BatchStat, r"needs statistics of shape \(2, 3\); received \(2, 5\): .*anew"),
        (Layer(parse("x / batch_std(x)"), 3), nnx.BatchStat, r"of shape \(2, 3\); received \(1, 3\): .*anew"),
    ],
)
@pytest.mark.parametrize("use_running_average", [False, True])
def test_refuses_a_checkpoint_of_another_layer(other, kind, message, use_running_average):
    layer = Layer(SCALED, 3)
    nnx.update(layer, nnx.state(other, kind))
    layer.steps[...] = 1
    with pytest.raises(ValueError, match=r"The layer .*batch_std.*" + message):
        layer(jnp.ones((2, 3)), use_running_average)

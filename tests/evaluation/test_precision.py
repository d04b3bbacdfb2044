"""Networks in bfloat16: weights, statistics and loss stay float32, and the loss is that of float32 up to noise."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from actsearch import parse
from actsearch.catalog import CATALOG
from actsearch.evaluation import Training, TrainState, init_state, score_programs, split_network, train
from actsearch.evaluation.one_training import merge_network
from actsearch.nn import CNNConfig, Layer, MLPConfig, MobileNetConfig, ResNetConfig, Stage, TransformerConfig
from actsearch.tasks import Classification, get_task
from tests.helpers.tiny import TINY_IMAGES, tiny_layer_task, tiny_task


def halved(task):
    return dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, dtype="bfloat16"))


def dtypes(tree):
    return {leaf.dtype.name for leaf in jax.tree.leaves(tree) if jnp.issubdtype(leaf.dtype, jnp.floating)}


class Watched(Classification):
    """Notes the dtypes that its optimizer, its network and its loss meet."""

    def optimizer(self, rate_scale=1.0):
        inner = super().optimizer(rate_scale)

        def update(gradients, state, parameters):
            for name, tree in (("gradients", gradients), ("state", state), ("weights", parameters)):
                SEEN.setdefault(name, set()).update(dtypes(tree))
            return inner.update(gradients, state, parameters)

        return optax.GradientTransformation(inner.init, update)

    def logits(self, network, inputs, key=None):
        logits = super().logits(network, inputs, key)
        SEEN.setdefault("logits", set()).add(logits.dtype.name)
        return logits


SEEN: dict[str, set[str]] = {}
FLOAT32 = {"weights": {"float32"}, "gradients": {"float32"}, "state": {"float32"}, "logits": {"float32"}}


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_only_the_network_is_in_bfloat16(dtype):
    SEEN.clear()
    task = Watched(**{**vars(tiny_task()), "dataset": TINY_IMAGES, "network": CNNConfig(1, ((4, 2), (5, 2)), 10)})
    task = dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, dtype=dtype))
    state, data, inside = init_state(task, 0), jax.tree.map(jnp.asarray, task.data()), set()

    class Noted(Layer):
        def __call__(self, x):
            y = super().__call__(x)
            inside.update({x.dtype.name, y.dtype.name})
            return y

    layer = lambda features: Noted(parse("beta * x"), features)  # noqa: E731
    jax.eval_shape(lambda: train(Training(task, layer, state, 1.0, data.train, data.validation)))
    assert inside == {dtype}
    assert SEEN == FLOAT32


def test_statistics_are_float32():
    """Moving averages of a layer, of numbers that bfloat16 does not have, come out of a bfloat16 network exactly."""
    task = halved(tiny_layer_task())
    layer = lambda features: Layer(CATALOG["batch_norm_relu"].program, features, momentum=0.0)  # noqa: E731
    network = merge_network(task, *split_network(task, layer, init_state(task, 0)))
    x = jnp.arange(8.0 * 4, dtype=jnp.bfloat16).reshape(8, 1, 1, 4)
    y = network.layer(x)
    expected = np.asarray(x, np.float32).reshape(8, 4)
    assert y.dtype == jnp.bfloat16
    assert network.layer.statistics.dtype == jnp.float32
    np.testing.assert_allclose(network.layer.statistics[0], expected.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(network.layer.statistics[1], expected.var(axis=0), rtol=1e-6)


NETWORKS = {
    "mlp": (MLPConfig((64, 6, 10)), (64,)),
    "cnn": (CNNConfig(1, ((4, 2),), 10), (8, 8, 1)),
    "resnet": (ResNetConfig(1, 4, ((4, 1), (6, 2)), 10), (8, 8, 1)),
    "mobilenet": (MobileNetConfig(1, 4, (Stage(1, 4), Stage(3, 6, stride=2)), 12, 10, squeeze_excite=True), (8, 8, 1)),
    **{f"transformer, {site}": (TransformerConfig(10, 6, 8, 2, 1, site=site), ()) for site in ("ffn", "gate", "norm")},
}


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_stays_in_bfloat16(name):
    config, shape = NETWORKS[name]
    program = parse("silu(x) * y", inputs=("x", "y")) if name.endswith("gate") else parse("silu(x)")
    task = halved(dataclasses.replace(tiny_task(), network=config))
    inside = set()

    class Noted(Layer):
        def __call__(self, *inputs):
            inside.update(value.dtype.name for value in inputs)
            return super().__call__(*inputs)

    layer = lambda features: Noted(program, features)  # noqa: E731
    inputs = jnp.zeros((2, *shape), jnp.bfloat16) if shape else jnp.zeros((2, 6), jnp.int32)
    make = lambda: split_network(task, layer, init_state(tiny_task(), 0)._replace(weights={}))  # noqa: E731
    assert jax.eval_shape(lambda: merge_network(task, *make())(inputs)).dtype == jnp.bfloat16
    assert inside == {"bfloat16"}


@pytest.mark.parametrize("name", ["digits-resnet", "inr-photo", "text-ffn"])
def test_every_family_lowers_its_inputs_and_not_its_loss(name):
    task, inside = halved(get_task(name)), set()

    class Noted(Layer):
        def __call__(self, x):
            inside.add(x.dtype.name)
            return super().__call__(x)

    def loss():
        state = TrainState({}, jnp.zeros(0), jax.random.key(0))
        parts = split_network(task, lambda features: Noted(parse("silu(x)"), features), state)
        batch = jax.tree.map(jnp.asarray, task.abstract_batch())
        return task.loss(merge_network(task, *parts), batch)

    assert jax.eval_shape(loss).dtype == jnp.float32
    assert inside == {"bfloat16"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["digits-mlp", "digits-resnet"])
def test_the_loss_is_that_of_float32_within_the_noise_of_seeds(name):
    task, seeds = get_task(name), range(4)
    losses = []
    for version in (task, halved(task)):
        (result,) = score_programs(version, [parse("relu(x)")], seeds, engine="specialize", devices=jax.devices()[:1])
        losses.append(np.array([row["loss"] for row in result.metrics]))
    full, half = losses
    assert abs(half.mean() - full.mean()) < full.std(ddof=1)
    assert (half != full).all()

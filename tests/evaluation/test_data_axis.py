"""Devices that share each batch of a training: the results are those of one device, and of `jax.pmap`."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen, nnx

from actsearch import parse
from actsearch.catalog import CATALOG
from actsearch.evaluation import DataParallel, Job, Trainer, TrainingEvaluator, ascend, init_state, score_programs
from actsearch.evaluation.data_axis import own_stream
from actsearch.evaluation.one_training import split_network, take
from actsearch.language import ActsearchError
from actsearch.nn import CNNConfig, Layer, sites_of
from actsearch.tasks import Quality
from tests.helpers.tiny import LAYERS, SPACE, TINY_IMAGES, sampled, tiny_layer_task, tiny_task

ONE = jax.devices()[:1]
ROUNDING = dict(rtol=2e-4, atol=2e-5)  # sums in another order; six steps of training carry it on
MESHES = {"4x1": DataParallel(1), "2x2": DataParallel(2), "1x4": DataParallel(4)}

CNN = dataclasses.replace(
    tiny_task(), name="digits-tiny-cnn", dataset=TINY_IMAGES, network=CNNConfig(1, ((4, 2), (5, 2)), 10)
)
"""With Flax's BatchNorm before each site."""

GATED = tiny_layer_task("digits-tiny-gated", quality=Quality(3, "accuracy", 0.0))

CASES = {
    "relu": (tiny_task(), parse("relu(x)")),
    "BatchNorm of the network": (CNN, parse("beta * x * sigmoid(x)")),
    "EvoNorm-B0": (tiny_layer_task(), CATALOG["evonorm_b0"].program),
    "BN-ReLU, gated": (GATED, CATALOG["batch_norm_relu"].program),
}


def numbers(outcomes):
    """Returns outcomes as an array [outcomes, numbers]."""
    return np.array([jax.tree.leaves(outcome) for outcome in outcomes])


def trained(task, program, devices, **options):
    trainer = Trainer.specialized(task, program, devices=devices, **options)
    return numbers(trainer([Job((), seed) for seed in (0, 1, 2)]))


@functools.cache
def on_one_device(case):
    expected = trained(*CASES[case], ONE)
    assert np.isfinite(expected).all()
    return expected


FAST = ("relu", "2x2")
PAIRS = [(case, mesh) for case in CASES for mesh in MESHES]


@pytest.mark.parametrize(
    ("case", "mesh"), [pair if pair == FAST else pytest.param(*pair, marks=pytest.mark.slow) for pair in PAIRS]
)
def test_equals_one_device(case, mesh):
    np.testing.assert_allclose(trained(*CASES[case], MESHES[mesh]), on_one_device(case), **ROUNDING)


@pytest.mark.slow
@pytest.mark.parametrize("mesh", MESHES)
def test_any_candidates_equal_one_device(mesh):
    some = [Job(genotype.choices, i % 2) for i, genotype in enumerate(sampled(9))]
    one, many = (
        numbers(Trainer.interpreted(tiny_task(), SPACE.template, jobs_per_call=3, devices=devices)(some))
        for devices in (ONE, MESHES[mesh])
    )
    np.testing.assert_allclose(many, one, **ROUNDING)


@pytest.mark.slow
def test_lanes_that_share_devices_equal_one_device():
    task, program = CASES["EvoNorm-B0"]
    together = trained(task, program, DataParallel(2), lanes=2)
    np.testing.assert_allclose(together, on_one_device("EvoNorm-B0"), **ROUNDING)


def pmapped(task, program, synchronized):
    """Returns the loss on validation data after a training as it is written for `jax.pmap`, on four devices."""
    axis_name = "batch" if synchronized else None
    layer = lambda features: Layer(program, features, groups=task.groups, axis_name=axis_name)  # noqa: E731
    state, data, optimizer = init_state(task, 0), jax.tree.map(jnp.asarray, task.data()), task.optimizer()
    graph, parameters, rest = split_network(task, layer, state)

    def step(parameters, rest, opt_state, indices):
        def loss(parameters):
            network = nnx.merge(graph, parameters, rest, copy=True)
            return task.loss(network, take(data.train, indices)), nnx.state(network, nnx.Not(nnx.Param))

        gradients, changed = jax.grad(loss, has_aux=True)(parameters)
        updates, opt_state = optimizer.update(jax.lax.pmean(gradients, "batch"), opt_state, parameters)
        return optax.apply_updates(parameters, updates), changed, opt_state

    carry = jax.tree.map(lambda leaf: jnp.stack([leaf] * 4), (parameters, rest, optimizer.init(parameters)))
    for indices in state.batches:
        carry = jax.pmap(step, axis_name="batch")(*carry, indices.reshape(4, -1))
    averaged = jax.tree.map(lambda leaf: leaf[0] if leaf.dtype == jnp.int32 else leaf.mean(axis=0), carry[1])
    network = nnx.merge(graph, jax.tree.map(lambda leaf: leaf[0], carry[0]), averaged)
    network.eval()
    return float(task.metrics(network, data.validation)["loss"])


@pytest.mark.slow
@pytest.mark.parametrize("case", ["relu", "EvoNorm-B0"])
def test_equals_pmap(case):
    """Statistics over the whole batch, and those of each device's part, where there are any."""
    task, program = CASES[case]
    losses = []
    for synchronized in (True, False):
        trainer = Trainer.specialized(task, program, devices=DataParallel(4, synchronized=synchronized))
        (outcome,) = trainer([Job((), 0)])
        losses.append(outcome.metrics["loss"])
        assert losses[-1] == pytest.approx(pmapped(task, program, synchronized), rel=2e-4)
    assert (abs(losses[0] - losses[1]) < 1e-5) == (case == "relu")


@pytest.mark.slow
def test_local_statistics_of_flax_are_another_training():
    local = trained(*CASES["BatchNorm of the network"], DataParallel(4, synchronized=False))
    whole = trained(*CASES["BatchNorm of the network"], DataParallel(4))
    assert (abs(local - whole).max(axis=0) > 1e-3).any()


@pytest.mark.slow
def test_the_stability_gate_is_that_of_the_whole_batch():
    task, program = CASES["EvoNorm-B0"]
    many, one = (trained(task, program, devices, measure=ascend) for devices in (DataParallel(4), ONE))
    np.testing.assert_allclose(many, one, rtol=0.05)  # a hundred steps of ascent


def test_each_part_draws_random_numbers_of_its_own():
    draw = lambda key: jax.random.uniform(own_stream("data", key))  # noqa: E731
    drawn = jax.vmap(draw, axis_name="data", axis_size=4, in_axes=None)(jax.random.key(0))
    assert len(set(drawn.tolist())) == 4
    assert own_stream(None, jax.random.key(0)) == jax.random.key(0)


def test_a_batch_that_cannot_be_shared():
    task = dataclasses.replace(tiny_task(), batch_size=10)
    words = "^The task digits-tiny has batches of 10 examples, which 4 devices cannot share equally: give a size"
    with pytest.raises(ActsearchError, match=words):
        score_programs(task, [parse("relu(x)")], [0], devices=DataParallel(4))


class InLinen(linen.Module):
    @linen.compact
    def __call__(self, x, train):
        return linen.Dense(10)(linen.relu(linen.BatchNorm(use_running_average=not train)(linen.Dense(4)(x))))


def test_statistics_that_cannot_be_reached_are_local_or_refused():
    task = dataclasses.replace(tiny_task(), network=sites_of(InLinen(), (64,)))
    with pytest.raises(ActsearchError, match=r"cannot be synchronised over devices: write DataParallel\("):
        trained(task, parse("relu(x)"), DataParallel(2))
    assert np.isfinite(trained(task, parse("relu(x)"), DataParallel(2, synchronized=False))).all()


class Unedited(nnx.Module):
    def __init__(self, rngs):
        self.first, self.norm = nnx.Linear(64, 6, rngs=rngs), nnx.BatchNorm(6, rngs=rngs)
        self.last = nnx.Linear(6, 10, rngs=rngs)

    def __call__(self, x):
        return self.last(nnx.relu(self.norm(self.first(x))))


def test_an_unedited_network_equals_one_device():
    task = dataclasses.replace(tiny_task(), network=sites_of(Unedited, (64,)))
    one, many = (trained(task, parse("tanh(x)"), devices) for devices in (ONE, DataParallel(4)))
    np.testing.assert_allclose(many, one, **ROUNDING)


def test_interpreted_statistics_are_local_or_refused():
    task, genotype = tiny_layer_task(), LAYERS.encode(LAYERS.decode(LAYERS.sample(np.random.default_rng(0))))
    jobs = [Job(genotype.choices, 0)]
    with pytest.raises(ActsearchError, match='in a training, write engine="specialize"'):
        Trainer.interpreted(task, LAYERS.template, devices=DataParallel(2))(jobs)


def test_a_run_is_identified_by_what_changes_its_scores():
    plain, shared = (
        TrainingEvaluator(SPACE, tiny_task(), devices=devices).identity for devices in (None, DataParallel(2))
    )
    assert shared == {**plain, "data": {"size": 2, "synchronized": True}}

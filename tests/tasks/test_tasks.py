"""Every registered task keeps the contract of Task; a task that is registered is covered at once."""

import dataclasses
import functools
import pickle
import re
from typing import get_args

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from actsearch import parse
from actsearch.engine import interpret
from actsearch.evaluation import Training, init_state, train
from actsearch.evaluation.data_check import check_data
from actsearch.language import INPUTS, ActsearchError
from actsearch.nn import Layer, sites
from actsearch.spaces.template import Template
from actsearch.tasks import TASK_SETS, TASKS, Data, Kind, LanguageModel, Quality, Task, get_task
from tests.helpers.tiny import tiny_layer_task, tiny_task

PROGRAM = parse("x * sigmoid(beta * x)")
GATE = parse("x * sigmoid(beta * x) * y", inputs=INPUTS)
LARGE = TASK_SETS["cifar10-anchors"] + TASK_SETS["cifar10-deep"]
"""Networks of other tasks at their papers' size, which take seconds to trace."""

NAMES = [
    pytest.param(name, marks=pytest.mark.slow if name in LARGE else []) for name in dict.fromkeys([*TASKS, *LARGE])
]
every_task = pytest.mark.parametrize("name", NAMES)


def layer_of(task):
    """Returns a factory of layers that the sites of a task can call."""
    return functools.partial(Layer, GATE if task.kind == "gate" else PROGRAM)


@every_task
class TestContract:
    def test_name_words_and_kind(self, name):
        task = get_task(name)
        assert isinstance(task, Task)
        assert task.name == name
        assert task.summary
        assert task.kind in get_args(Kind)
        assert task.baseline.kind == task.kind

    def test_init_loss_and_metrics_on_an_abstract_batch(self, name):
        task = get_task(name)

        def run(key, batch):
            network = task.init(layer_of(task), key)
            loss = task.loss(network, batch, key)
            network.eval()
            return loss, task.metrics(network, batch)

        loss, metrics = jax.eval_shape(run, jax.random.key(0), task.abstract_batch())
        assert (loss.shape, loss.dtype) == ((), jnp.float32)
        assert metrics
        assert all(value.shape == () for value in metrics.values())
        assert task.quality is None or task.quality.metric in metrics

    def test_trains_on_an_abstract_batch(self, name, monkeypatch):
        """The whole training is traced, nothing is computed and no data is read."""
        task = get_task(name)
        batch = task.abstract_batch()
        monkeypatch.setattr(type(task), "data", lambda self: Data(batch, batch, batch))

        def run(rate_scale, batch):
            return train(Training(task, layer_of(task), init_state(task, 0), rate_scale, batch, batch))

        outcome = jax.eval_shape(run, jnp.float32(1), batch)
        assert all(leaf.shape == () for leaf in jax.tree.leaves(outcome))
        assert (outcome.early is None) == (task.quality is None)

    def test_every_site_holds_the_candidate(self, name):
        task = get_task(name)
        network = nnx.eval_shape(lambda: task.init(layer_of(task), jax.random.key(0)))
        layers = [module for _, module in nnx.iter_graph(network) if isinstance(module, Layer)]
        named = sites(lambda factory: task.init(factory, jax.random.key(0)))
        assert len(layers) == len({site.name for site in named}) > 0
        assert [site.layer(network).num_features for site in named] == [site.features for site in named]

    def test_batches_are_example_numbers_fixed_by_the_key(self, name):
        task = get_task(name)
        batches = task.batches(jax.random.key(0), 50)
        assert batches.shape == (task.steps, task.batch_size)
        assert (int(batches.min()), int(batches.max())) == (0, 49)
        np.testing.assert_array_equal(batches, task.batches(jax.random.key(0), 50))
        assert (batches != task.batches(jax.random.key(1), 50)).any()

    def test_is_a_value(self, name):
        task, again = get_task(name), get_task(name)
        assert task == again
        assert hash(task) == hash(again)
        assert pickle.loads(pickle.dumps(task)) == task

    def test_data_is_the_same_on_every_call_or_says_how_to_get_it(self, name):
        task, way = get_task(name), "pip install|actsearch data"
        try:
            first, second = task.data(), get_task(name).data()
        except ActsearchError as error:
            message = str(error)
            assert re.search(way, message)
            with pytest.raises(ActsearchError, match=way):
                _ = task.digest
            return
        jax.tree.map(np.testing.assert_array_equal, first, second)
        assert task.digest == get_task(name).digest
        for rows, real in zip(jax.tree.leaves(task.abstract_batch()), jax.tree.leaves(first.train), strict=True):
            assert (rows.shape, rows.dtype) == ((task.batch_size, *real.shape[1:]), real.dtype)


def data_of(name):
    """What tasks of the same data share."""
    task = get_task(name)
    return getattr(task, "dataset", type(task) if isinstance(task, LanguageModel) else name)


@pytest.mark.parametrize("name", {data_of(name): name for name in reversed(TASKS)}.values())
def test_parts_share_nothing(name):
    task = get_task(name)
    try:
        data = task.data()
    except ActsearchError:
        return  # not on this machine, as the contract has checked
    check_data(task, data)


def gradient(task, candidate, batch):
    """Returns loss and gradient of a batch at the initial weights; those of a name of the candidate with its value."""
    network = task.init(lambda features: Layer(candidate, features, groups=task.groups), jax.random.key(0))
    graph, weights, rest = nnx.split(network, nnx.Param, ...)

    def loss(weights):
        network = nnx.merge(graph, weights, rest, copy=True)
        network.train()
        return task.loss(network, batch, jax.random.key(1))

    value, gradients = jax.value_and_grad(loss)(weights)
    rows = nnx.to_flat_state(gradients)
    # The interpreter tells its programs' parameters apart by their initial values: beta=1.0.
    return value, {(*path[:-1], str(path[-1]).partition("=")[0]): row[...] for path, row in rows}


def made_up(task):
    """Returns eight examples with the shapes and dtypes of the task's."""
    rng = np.random.default_rng(0)

    def rows(zeros):
        shape, real = (8, *zeros.shape[1:]), zeros.dtype.kind == "f"
        return (rng.normal(size=shape) if real else rng.integers(0, 9, shape)).astype(zeros.dtype)

    return jax.tree.map(rows, task.abstract_batch())


FAMILIES = {(type(get_task(name).network), get_task(name).kind): name for name in reversed(TASKS)}
"""The first task of each family of networks and kind of candidate."""


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES.values())
def test_both_engines_have_one_loss_and_one_gradient(name):
    """On a batch that is made up."""
    task = get_task(name)
    program, batch = {"activation": PROGRAM, "gate": GATE}.get(task.kind, task.baseline), made_up(task)
    template = Template.bank([parse("x"), program])
    loss, gradients = jax.jit(lambda: gradient(task, program, batch))()
    interpreted = jax.jit(lambda choices: gradient(task, interpret(template, choices, together=True), batch))
    other, others = interpreted(jnp.array([1]))
    np.testing.assert_allclose(other, loss, rtol=1e-5)
    for path, rows in gradients.items():
        np.testing.assert_allclose(others[path], rows, atol=1e-4 * float(abs(rows).max()) + 1e-7, err_msg=path)


class TestFidelity:
    def test_a_share_of_the_steps(self):
        task = get_task("digits-mlp")
        assert [task.at_fidelity(share).steps for share in (1 / 9, 1 / 3, 1)] == [56, 167, 500]
        assert task.at_fidelity(1.0) is task
        assert task.at_fidelity(1e-9).steps == 1
        assert task.at_fidelity(1 / 3).name == "digits-mlp"

    def test_a_quality_gate_after_the_end_is_left_out(self):
        task = get_task("digits-resnet-layer")
        share = task.quality.steps / task.steps
        assert task.at_fidelity(share).quality is None
        assert task.at_fidelity(share + 1 / task.steps).quality == task.quality

    def test_a_shorter_training_is_the_beginning_of_the_longer_one(self):
        """At a constant rate: the same weights, and the first batches of the longer one."""
        task = tiny_task(steps=9)
        whole, part = init_state(task, 3), init_state(task.at_fidelity(4 / 9), 3)
        np.testing.assert_array_equal(part.batches, whole.batches[:4])
        jax.tree.map(np.testing.assert_array_equal, part.weights, whole.weights)

    @pytest.mark.parametrize("share", [0, -1, 1.5, float("nan")])
    def test_bounds(self, share):
        with pytest.raises(ActsearchError, match=f"above 0 and at most 1; received {share}"):
            get_task("digits-mlp").at_fidelity(share)


@pytest.mark.parametrize(("field", "value"), [("steps", 0), ("batch_size", -1), ("steps", 1.5), ("steps", "9")])
def test_a_task_needs_steps_and_examples(field, value):
    with pytest.raises(
        ActsearchError, match=f"digits-tiny needs {field}, an integer of at least 1; received {value!r}"
    ):
        dataclasses.replace(tiny_task(), **{field: value})


@pytest.mark.parametrize("worst", [float("-inf"), float("nan")])
def test_the_score_of_what_diverged_is_finite(worst):
    with pytest.raises(ActsearchError, match=f"needs a finite score for `worst`; received {worst}"):
        dataclasses.replace(tiny_task(), worst=worst)


def test_a_task_is_of_one_of_two_kinds():
    with pytest.raises(ActsearchError, match="received 'network'"):
        dataclasses.replace(tiny_layer_task(), kind="network")


@pytest.mark.parametrize("steps", [5, 6])
def test_a_quality_gate_comes_before_the_last_step(steps):
    with pytest.raises(ActsearchError, match=rf"quality gate .* before its last step, 5; received {steps}\."):
        dataclasses.replace(tiny_task(), steps=5, quality=Quality(steps, "accuracy", 0.2))
    assert dataclasses.replace(tiny_task(), steps=5, quality=Quality(4, "accuracy", 0.2)).quality.steps == 4

"""CIFAR-10 on made-up images: parts, crops, trainings; and what message a user without TFDS or data sees."""

import dataclasses
import functools
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from actsearch import parse
from actsearch.data import load, prepare
from actsearch.evaluation import Training, init_state, train
from actsearch.language import ActsearchError
from actsearch.nn import Layer, MobileNetConfig, ResNetV1Config, Stage
from actsearch.tasks import Split, get_task
from actsearch.tasks.cifar10 import crop
from actsearch.tasks.datasets.cifar10 import cifar10
from tests.helpers import archived


@pytest.fixture(scope="module", autouse=True)
def prepared(tmp_path_factory):
    """Forty made-up images, prepared from the Python batches; the data of every test here."""
    folder = tmp_path_factory.mktemp("cifar10")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TFDS_DATA_DIR", str(folder / "tfds"))
        images = np.random.default_rng(0).integers(0, 256, (48, 32, 32, 3), np.uint8)
        labels = np.random.default_rng(1).integers(0, 10, 48)
        made = {"train": (images[:40], labels[:40]), "test": (images[40:], labels[40:])}
        prepare("cifar10", archived.python_batches(folder, made), checked=False)
        yield
    cifar10.cache_clear()


@pytest.fixture(scope="module")
def data(prepared):
    return cifar10.__wrapped__(validation=5)


def test_parts(data):
    assert [part.inputs.shape for part in data] == [(35, 32, 32, 3), (5, 32, 32, 3), (8, 32, 32, 3)]
    assert [part.labels.shape for part in data] == [(35,), (5,), (8,)]
    assert all((part.inputs.dtype, part.labels.dtype) == (np.uint8, np.int32) for part in data)


def test_the_last_training_images_are_the_validation_part(data):
    images = load("cifar10", "train")["image"]
    np.testing.assert_array_equal(np.concatenate([data[0].inputs, data[1].inputs]), images)


def test_abstract_batch_has_the_shapes_of_a_real_one(data):
    for made, real in zip(get_task("cifar10-resnet-layer").abstract_batch(), data[0], strict=True):
        assert (made.shape[1:], made.dtype) == (real.shape[1:], real.dtype)


IMAGES = np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3), np.uint8)


def test_evaluation_sees_the_centre():
    np.testing.assert_array_equal(crop(jnp.asarray(IMAGES), None), IMAGES[:, 4:28, 4:28])


def test_training_sees_a_random_window_of_the_same_image_half_of_them_mirrored():
    crops = np.asarray(crop(jnp.asarray(IMAGES), jax.random.key(0)))
    assert (crops.shape, crops.dtype) == ((40, 24, 24, 3), np.uint8)
    places = []
    for image, seen in zip(IMAGES, crops, strict=True):
        windows = {(i, j): image[i : i + 24, j : j + 24] for i in range(9) for j in range(9)}
        fits = [(i, j, m) for (i, j), w in windows.items() for m in (1, -1) if (seen == w[:, ::m]).all()]
        assert len(fits) == 1
        places += fits
    assert {0, 8} <= {place[0] for place in places} & {place[1] for place in places}
    assert 8 < sum(place[2] == -1 for place in places) < 32


def test_crops_are_fixed_by_the_key():
    first, again, other = (crop(jnp.asarray(IMAGES), jax.random.key(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.slow
def test_one_step_of_training(data):
    """The task with a small network: augmentation, loss, decay and Nesterov run together, and the weights move."""
    task = dataclasses.replace(
        get_task("cifar10-mobilenet-layer"),
        network=MobileNetConfig(3, 4, (Stage(2, 4, 2),), 8, 10, stem_stride=2),
    )
    network = task.init(lambda features: Layer(parse("relu(x)"), features), jax.random.key(0))
    graph, parameters, rest = nnx.split(network, nnx.Param, ...)
    optimizer = task.optimizer()

    @jax.jit
    def step(parameters, key, batch):
        loss = lambda parameters: task.loss(nnx.merge(graph, parameters, rest), batch, key)  # noqa: E731
        value, gradients = jax.value_and_grad(loss)(parameters)
        updates, _ = optimizer.update(gradients, optimizer.init(parameters), parameters)
        return optax.apply_updates(parameters, updates), value

    after, value = step(parameters, jax.random.key(1), Split(*(rows[:2] for rows in data[0])))
    assert np.isfinite(float(value))
    kernels = [parameters["stem"]["kernel"][...], after["stem"]["kernel"][...]]
    assert (kernels[0] != kernels[1]).any()


def test_without_tfds_the_user_reads_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(ActsearchError, match=r"need TFDS .*: pip install tensorflow-datasets importlib-resources$"):
        cifar10.__wrapped__()


def test_without_data_the_user_reads_how_to_prepare_them(monkeypatch, tmp_path):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    match = r"CIFAR-10 is not in .*; prepare it once: actsearch data cifar10 --from FILE_OR_FOLDER$"
    with pytest.raises(ActsearchError, match=match):
        cifar10.__wrapped__()


def five_validated():
    """Returns the parts of the made-up images."""
    return cifar10(validation=5)


@pytest.mark.slow  # compiles a network of convolutions
def test_the_child_of_the_swish_search_trains(data):
    """The task as it is, but for the depth, width, steps and batch: from the prepared folder to a score."""
    task = get_task("cifar10-resnet20")
    task = dataclasses.replace(
        task,
        name="cifar10-smoke",
        dataset=dataclasses.replace(task.dataset, load=five_validated),
        network=ResNetV1Config(8, 10, width=4),
        steps=4,
        batch_size=8,
    )
    assert task.data().train.inputs.dtype == np.uint8
    parts = jax.device_put(task.data())
    layer = functools.partial(Layer, parse("x * sigmoid(beta * x)"))
    run = jax.jit(lambda state, data: train(Training(task, layer, state, 1.0, data.train, data.validation)))
    outcome = run(init_state(task, 0), parts)
    assert np.isfinite([float(outcome.train_loss), *map(float, outcome.metrics.values())]).all()
    assert task.score({name: float(value) for name, value in outcome.metrics.items()}) in np.arange(6) / 5


def test_a_task_is_made_without_data():
    task = get_task("cifar10-resnet-layer")
    assert task.abstract_batch().inputs.shape == (128, 32, 32, 3)


def test_importing_actsearch_never_imports_tfds():
    """It takes seconds, and is optional."""
    code = (
        "import sys, actsearch.tasks; print([n for n in sys.modules if n.startswith(('tensorflow', 'array_record'))])"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert output.stdout.strip() == "[]"

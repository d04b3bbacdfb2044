"""Long trainings on data that come in batches: those of resident data with the same batches, gone on with anywhere."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from actsearch import ActsearchError, parse
from actsearch.evaluation import Trainer, check_task, load_candidate, train_saved, verify
from actsearch.evaluation.jobs import Job
from actsearch.nn import CNNConfig
from actsearch.tasks import Recipe, StreamedImages, get_task, images
from tests.evaluation.test_long_training import Stopped, stop_at
from tests.helpers.streamed import rows, streamed_task
from tests.helpers.tiny import tiny_digits, tiny_task

TASK, SWISH, ONE = streamed_task(), parse("x * sigmoid(beta * x)"), jax.devices()[:1]


def trained(folder, task=TASK, **options):
    return train_saved(task, SWISH, folder, every=4, **{"devices": ONE} | options)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Folder and outcome of a training that was never stopped."""
    folder = tmp_path_factory.mktemp("streamed")
    return folder, trained(folder, seed=3)


def test_equal_to_resident_data_in_the_same_batches(whole, monkeypatch):
    numbers = jnp.stack([jnp.asarray(rows(3, step, TASK.batch_size)) for step in range(TASK.steps)])
    resident = dataclasses.replace(tiny_task(TASK.steps), batch_size=TASK.batch_size)
    monkeypatch.setattr(type(resident), "batches", lambda self, key, examples: numbers)
    (expected,) = Trainer.specialized(resident, SWISH, devices=ONE)([Job((), 3)])
    assert whole[1].metrics == pytest.approx(expected.metrics, rel=1e-5)
    assert whole[1].train_loss == pytest.approx(expected.train_loss, rel=1e-5)


def test_gone_on_with_it_takes_the_batches_that_were_left(whole, tmp_path):
    with pytest.raises(Stopped):
        trained(tmp_path, seed=3, report=stop_at(4))
    assert trained(tmp_path, seed=3) == whole[1]


def test_another_seed_has_other_batches(whole, tmp_path):
    assert trained(tmp_path).train_loss != whole[1].train_loss


def test_devices_share_each_batch(whole, tmp_path):
    several = trained(tmp_path, seed=3, devices=jax.devices()[:2])
    assert len(jax.devices()) > 1
    assert several.metrics == pytest.approx(whole[1].metrics, rel=1e-4)


def test_it_is_loaded_as_a_network(whole):
    candidate = load_candidate(whole[0], TASK)
    inputs, labels = tiny_digits()[1]
    assert np.mean(candidate.network(inputs / 16.0).argmax(-1) == labels) == pytest.approx(
        whole[1].metrics["accuracy"], abs=0.02
    )


@pytest.mark.slow  # four trainings; the trainer is the one above
def test_verified_against_the_baseline(tmp_path):
    verification = verify("x * sigmoid(x)", TASK, seeds=2, out=tmp_path)
    assert verification.tasks == (TASK.name,)


def test_its_contract_is_checked_on_the_first_batches():
    assert check_task(TASK, full=False)[0] == "data: the same on two calls, 24, 24, 24 examples, none in two parts"


def test_the_digest_changes_with_the_data(monkeypatch):
    before = TASK.digest
    monkeypatch.setattr(type(TASK), "signature", lambda self: "65 digits")
    assert streamed_task().digest != before


def test_a_search_says_what_to_do():
    with pytest.raises(ActsearchError, match="imagenet-resnet50 do not fit into memory: train on it by `actsearch tr"):
        get_task("imagenet-resnet50").data()
    with pytest.raises(ActsearchError, match="held_out is a share above 0 and below 1; received 0"):
        dataclasses.replace(get_task("imagenet-resnet50"), held_out=0)


def test_imagenet_is_resnet_50_as_published():
    task = get_task("imagenet-resnet50")
    schedule = task.recipe._schedule(task.steps, task.recipe.learning_rate)
    epochs = {0: 0.1, 29: 0.1, 31: 0.01, 61: 0.001, 81: 1e-4}
    assert [float(schedule(epoch * 1_281_167 // 256)) for epoch in epochs] == pytest.approx(list(epochs.values()))
    assert task.dataset.name == "ImageNet"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """Images as `actsearch data` prepares them, for Grain to cut."""
    pytest.importorskip("grain", reason='Grain is not installed: pip install "actsearch[imagenet]"')
    from actsearch.data import get_collection, prepare
    from tests.helpers import archived

    folder = tmp_path_factory.mktemp("images")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TFDS_DATA_DIR", str(folder / "tfds"))
        name = "imagenette/160px-v2"
        names = get_collection(name).names("label")
        prepare(
            name,
            archived.class_folders(folder / "imagenette2-160", archived.made(name), names, "JPEG"),
            checked=False,
        )
        yield


def streamed_images():
    return StreamedImages(
        name="imagenette-cnn",
        collection="imagenette/160px-v2",
        held_out=0.3,
        dataset=images("Imagenette", 8),
        network=CNNConfig(3, ((4, 2),), 10),
        steps=5,
        batch_size=2,
        recipe=Recipe(learning_rate=0.01),
        workers=0,
    )


@pytest.mark.slow  # compiles a training of its own
def test_prepared_images_train_stop_and_go_on(prepared, tmp_path):
    expected = trained(tmp_path / "whole", streamed_images(), part="test")
    with pytest.raises(Stopped):
        trained(tmp_path / "again", streamed_images(), part="test", report=stop_at(4))
    assert trained(tmp_path / "again", streamed_images(), part="test") == expected
    assert np.isfinite(expected.metrics["loss"])


def test_parts_and_digest_of_prepared_images(prepared):
    task = streamed_images()
    assert [len(list(task.stream(part))) for part in ("validation", "test")] == [2, 2]
    assert task.signature() == "imagenette 160px-v2 1.0.0 [('train', 10), ('validation', 4)]"
    assert len(task.digest) == 32

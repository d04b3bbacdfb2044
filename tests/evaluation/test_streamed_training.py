"""Long trainings on data that come in batches: those of resident data with the same batches, gone on with anywhere."""

import dataclasses
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from actsearch import ActsearchError, parse, search
from actsearch.evaluation import Trainer, check_task, load_candidate, rank_units, score_programs, train_saved, verify
from actsearch.evaluation.jobs import Job
from actsearch.nn import CNNConfig
from actsearch.study import plan
from actsearch.tasks import Recipe, Split, StreamedImages, get_task
from tests.evaluation.test_long_training import Stopped, stop_at
from tests.helpers.streamed import StreamedDigits, rows, streamed_task
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


@pytest.mark.parametrize("batch_size", [24, 25])
def test_devices_share_each_batch_where_they_divide_it(tmp_path, batch_size):
    task, two = streamed_task(batch_size=batch_size), jax.devices()[:2]
    assert len(two) == 2
    alone, shared = (trained(tmp_path / str(len(some)), task, devices=some) for some in (ONE, two))
    assert shared.metrics == pytest.approx(alone.metrics, rel=1e-4)


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
    line = "data: the same on two calls, 24, 24, 24 examples of the first batches, none in two parts"
    assert check_task(TASK, full=False)[0] == line


class FromTheBeginning(StreamedDigits):
    def stream(self, part, *, seed=0, start=0):
        return super().stream(part, seed=seed)


class OneOrder(StreamedDigits):
    def stream(self, part, *, seed=0, start=0):
        return super().stream(part, start=start)


class SmallBatches(StreamedDigits):
    def stream(self, part, *, seed=0, start=0):
        return (Split(*(rows[:5] for rows in batch)) for batch in super().stream(part, seed=seed, start=start))


class Short(StreamedDigits):
    def stream(self, part, *, seed=0, start=0):
        return iter(list(itertools.islice(super().stream(part, seed=seed), 6))[start:])


class NoValidation(StreamedDigits):
    def stream(self, part, *, seed=0, start=0):
        return iter(()) if part == "validation" else super().stream(part, seed=seed, start=start)


@pytest.mark.parametrize(
    ("kind", "sentence"),
    {
        FromTheBeginning: "has another second batch where its stream begins at start=1",
        OneOrder: "has the same first batch with every seed",
        SmallBatches: "has batches of 5 examples and a batch_size of 24",
        NoValidation: "has no batch 0 of its part validation",
        Short: "ends its training batches at step 6",
    }.items(),
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_a_wrong_stream_is_one_sentence(kind, sentence, tmp_path):
    with pytest.raises(ActsearchError, match=sentence):
        trained(tmp_path, streamed_task(kind=kind))


def test_the_digest_changes_with_the_data():
    assert streamed_task().digest == TASK.digest != streamed_task(edition="65 digits").digest


@pytest.mark.parametrize(
    "use",
    [
        lambda task, folder: search("swish-1", task, "random", 4, out=folder / "run"),
        lambda task, folder: verify("silu(x)", task, seeds=2),
        lambda task, folder: score_programs(task, [SWISH], [0]),
        lambda task, folder: rank_units(["relu", "silu"], task),
        lambda task, folder: Trainer.specialized(task, SWISH),
        lambda task, folder: plan("swish-1", [task], 100),
        lambda task, folder: plan("swish-1", [tiny_task()], 100, verify=[task]),
    ],
    ids=["search", "verify", "score", "rank", "trainer", "plan", "plan to verify"],
)
def test_what_keeps_the_data_in_memory_says_what_to_do(use, tmp_path):
    for task in (TASK, get_task("imagenet-resnet50")):
        with pytest.raises(
            ActsearchError, match=f"{task.name} do not fit into memory: train on it by `actsearch train`"
        ):
            use(task, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_share_and_a_side_out_of_range():
    for field in ("held_out", "side"):
        with pytest.raises(ActsearchError, match="side is at least 1, held_out a share above 0 and below 1; received"):
            dataclasses.replace(get_task("imagenet-resnet50"), **{field: 0})


def test_imagenet_is_resnet_50_as_published():
    task = get_task("imagenet-resnet50")
    images = 1_281_167 - 12_812  # of an epoch, the last 1 % held out
    assert task.steps == 90 * images // 256
    schedule = task.recipe._schedule(task.steps, task.recipe.learning_rate)
    rates = {0: 0.1, 29.9: 0.1, 30.1: 0.01, 60.1: 0.001, 80.1: 1e-4}
    assert [float(schedule(int(epoch * images / 256))) for epoch in rates] == pytest.approx(list(rates.values()))


def test_imagenet_has_a_loss():
    task = dataclasses.replace(get_task("imagenet-resnet50"), network=CNNConfig(3, ((4, 2),), 1_000), batch_size=2)

    def loss(batch):
        return task.loss(task.init(lambda features: jax.nn.relu, jax.random.key(0)), batch)

    assert jax.eval_shape(loss, task.abstract_batch()).shape == ()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """Images as `actsearch data` prepares them, for Grain to cut."""
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
        side=8,
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

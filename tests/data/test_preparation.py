"""Every accepted format: small archives made on the spot are prepared, and equal pixels are read back."""

import io
import sys

import numpy as np
import pytest

from actsearch.data import get_collection, load, preparation, prepare, prepared, stream
from actsearch.language import ActsearchError
from tests.helpers import archived

CLASSES = get_collection("cifar10").names("label")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """TFDS's folder of this test."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    return tmp_path / "tfds"


def by_id(columns):
    """Returns the images and labels of a split in published order, which the number in the id is."""
    order = np.argsort(columns["id"])
    return columns["image"][order], columns["label"][order]


def as_set(images, labels):
    return sorted((int(label), image.tobytes()) for image, label in zip(images, labels, strict=True))


SOURCES = {
    "Python batches": archived.python_batches,
    "torchvision's root": lambda path, data: archived.python_batches(path / "data", data).parent,
    "Python archive": lambda path, data: archived.packed(
        archived.python_batches(path, data), path / "cifar-10-python.tar.gz"
    ),
    "folder with the archive": lambda path, data: (
        archived.packed(
            archived.python_batches(path.parent / "elsewhere", data), path / "cifar-10-python.tar.gz"
        ).parent
    ),
    "binary batches": archived.binary_batches,
    "binary archive": lambda path, data: archived.packed(
        archived.binary_batches(path, data), path / "cifar-10-binary.tar.gz"
    ),
    "Parquet": lambda path, data: archived.parquet(path / "snapshots/1/plain_text", data).parents[2],
    "npz": lambda path, data: archived.npz(path / "arrays/cifar10.npz", data),
    "npz, channels first": lambda path, data: archived.npz(
        path / "arrays/mine.npz", {split: (x.transpose(0, 3, 1, 2), y) for split, (x, y) in data.items()}
    ),
}


@pytest.mark.parametrize("source", SOURCES)
def test_cifar10(source, home, tmp_path):
    data = archived.made()
    (tmp_path / "given").mkdir()
    place = prepare("cifar10", SOURCES[source](tmp_path / "given", data), checked=False)
    assert place == home / "cifar10" / "3.0.2" == prepared(get_collection("cifar10"), home)
    for split, (images, labels) in data.items():
        read = by_id(load("cifar10", split))
        np.testing.assert_array_equal(read[0], images)
        np.testing.assert_array_equal(read[1], labels)
        assert (read[0].dtype, read[1].dtype) == (np.uint8, np.int32)


def test_tfds_reads_it_by_name_without_tensorflow(home, tmp_path):
    import tensorflow_datasets as tfds

    data = archived.made()
    prepare("cifar10", archived.binary_batches(tmp_path, data), checked=False)
    source = tfds.data_source("cifar10", split="train", data_dir=home, download=False)
    np.testing.assert_array_equal(np.stack([row["image"] for row in source]), load("cifar10", "train")["image"])
    assert tuple(tfds.builder("cifar10", data_dir=home).info.features["label"].names) == CLASSES
    assert "tensorflow" not in sys.modules


@pytest.mark.parametrize("names", [CLASSES, [str(number) for number in range(10)]], ids=["names", "numbers"])
@pytest.mark.parametrize("tar", [False, True], ids=["folders", "tar"])
def test_folders_of_classes(names, tar, home, tmp_path):
    data = archived.made()
    source = archived.class_folders(tmp_path / "images", data, names, splits={"test": "val"})
    prepare("cifar10", archived.packed(source, tmp_path / "images.tar") if tar else source, checked=False)
    for split, (images, labels) in data.items():
        columns = load("cifar10", split)
        assert as_set(columns["image"], columns["label"]) == as_set(images, labels)


def test_folders_that_are_links(home, tmp_path):
    data = archived.made()
    elsewhere = archived.class_folders(tmp_path / "disk", data, CLASSES)
    (tmp_path / "given").mkdir()
    for split in data:
        (tmp_path / "given" / split).symlink_to(elsewhere / split)
    (tmp_path / "given/circle").symlink_to(tmp_path / "given")
    prepare("cifar10", tmp_path / "given", checked=False)
    assert len(load("cifar10", "train")["label"]) == len(data["train"][1])


@pytest.mark.parametrize("kind", ["binary", "python", "parquet", "npz"])
def test_cifar100_has_its_superclasses_in_every_format(kind, home, tmp_path):
    collection, data = get_collection("cifar100"), archived.made("cifar100")
    coarse = [collection.complete({"label": label})["coarse_label"] for label in range(100)]
    assert np.bincount(coarse).tolist() == [5] * 20
    source = {
        "binary": lambda: archived.cifar100(tmp_path, data, coarse, "binary"),
        "python": lambda: archived.cifar100(tmp_path, data, coarse, "python"),
        "parquet": lambda: archived.parquet(tmp_path / "hub", data, label="fine_label"),
        "npz": lambda: archived.npz(tmp_path / "keras/cifar100.npz", data),
    }[kind]()
    prepare("cifar100", source, checked=False)
    columns = load("cifar100", "train")
    images, labels = by_id(columns)
    np.testing.assert_array_equal(images, data["train"][0])
    np.testing.assert_array_equal(labels, data["train"][1])
    assert columns["coarse_label"].tolist() == [coarse[label] for label in columns["label"]]


# The superclass of each class in the published files.
COARSE = """
4 1 14 8 0 6 7 7 18 3 3 14 9 18 7 11 3 9 7 11 6 11 5 10 7 6 13 15 3 15 0 11 1 10 12 14 16 9 11 5 5 19 8 8 15 13 14 17 18
10 16 4 17 4 2 0 17 4 18 17 10 3 2 12 12 16 12 1 9 19 2 10 0 1 16 12 9 13 15 13 16 19 2 4 6 19 5 5 8 19 18 1 2 15 6 0
17 8 14 13
"""


def test_superclasses_as_published():
    collection = get_collection("cifar100")
    names, groups = collection.names("label"), collection.names("coarse_label")
    assert (len(names), names[:2], names[-1]) == (100, ("apple", "aquarium_fish"), "worm")
    found = [collection.complete({"label": label})["coarse_label"] for label in range(100)]
    assert found == [int(number) for number in COARSE.split()]
    assert list(groups) == sorted(groups)


@pytest.mark.parametrize("gz", [False, True], ids=["unpacked", "packed"])
def test_fashion_mnist(gz, home, tmp_path):
    data = archived.made("fashion_mnist")
    other = {split: (255 - images, labels) for split, (images, labels) in data.items()}
    archived.idx(tmp_path / "root/MNIST/raw", other, gz)  # the same names, another data set
    archived.idx(tmp_path / "root/MyFashion/raw", data, gz)
    prepare("fashion_mnist", tmp_path / "root", checked=False)
    for split, (images, labels) in data.items():
        columns = load("fashion_mnist", split)
        assert columns["image"].shape[1:] == (28, 28, 1)
        assert as_set(columns["image"], columns["label"]) == as_set(images, labels)


def test_tiny_shakespeare(home, tmp_path):
    text = "First Citizen:\nBefore we proceed any further, hear me speak.\n\u00e9" * 9
    (tmp_path / "input.txt").write_text(text)
    prepare("tiny_shakespeare", tmp_path / "input.txt", checked=False)
    splits = [str(load("tiny_shakespeare", split)["text"][0]) for split in ("train", "validation", "test")]
    assert "".join(splits) == text
    assert len(splits[0]) == int(0.9 * len(text))


def jpegs(collection, folder):
    """Returns the bytes and the label of every image of a prepared version."""
    import tensorflow_datasets as tfds

    builder = tfds.builder(collection, data_dir=folder)
    skip = {"image": tfds.decode.SkipDecoding()}
    return {
        split: {(row["image"], int(row["label"])) for row in builder.as_data_source(split, decoders=skip)}
        for split in ("train", "validation")
    }


@pytest.mark.parametrize("form", ["tgz", "folder", "parquet"])
def test_imagenette_keeps_the_files_as_they_are(form, home, tmp_path):
    name, data = "imagenette/160px-v2", archived.made("imagenette/160px-v2")
    names = get_collection(name).names("label")
    folder = archived.class_folders(tmp_path / "imagenette2-160", data, names, "JPEG", {"validation": "val"})
    expected = {
        split: {(archived.image_file(x, "JPEG"), int(y)) for x, y in zip(images, labels, strict=True)}
        for split, (images, labels) in data.items()
    }
    source = {
        "tgz": lambda: archived.packed(folder, tmp_path / "imagenette2-160.tgz"),
        "folder": lambda: folder,
        "parquet": lambda: archived.parquet(tmp_path / "hub", data, image="image", kind="JPEG"),
    }[form]()
    assert prepare(name, source, checked=False) == home / name / "1.0.0"
    assert jpegs(name, home) == expected


def test_imagenette_of_another_size_is_not_taken_for_it(home, tmp_path):
    names = get_collection("imagenette").names("label")
    source = archived.class_folders(tmp_path / "imagenette2-160", archived.made("imagenette"), names, "JPEG")
    with pytest.raises(ActsearchError, match="There is no Imagenette"):
        prepare("imagenette", source, checked=False)


def test_imagenet(home, tmp_path, monkeypatch):
    """The training archive of archives and the validation archive, whose labels come by the names' order."""
    data, names = archived.made("imagenet2012"), get_collection("imagenet2012").names("label")
    wanted = [names[label] for label in data["validation"][1]]
    monkeypatch.setattr("actsearch.data.formats.imagenet_archives.validation_labels", lambda: wanted)
    files = [f"ILSVRC2012_val_{number:08d}.JPEG" for number in range(4)]
    kept = archived.imagenet_archives(tmp_path / "given", data, names, files)
    prepare("imagenet2012", tmp_path / "given", checked=False)
    train = {(kept[f"{names[label]}_{index}.JPEG"], int(label)) for index, label in enumerate(data["train"][1])}
    validation = {(kept[name], int(label)) for name, label in zip(files, data["validation"][1], strict=True)}
    assert jpegs("imagenet2012", home) == {"train": train, "validation": validation}


def test_the_labels_of_imagenets_validation_images_come_with_tfds():
    from actsearch.data.formats.imagenet_archives import validation_labels

    assert len(validation_labels()) == get_collection("imagenet2012").examples["validation"]
    assert set(validation_labels()) == set(get_collection("imagenet2012").names("label"))


@pytest.mark.parametrize("kind", ["array_record", "tfrecord"])
def test_a_prepared_folder(kind, home, tmp_path, monkeypatch):
    """It is read where it is, and copied with its order; TFRecord files become ArrayRecord files."""
    prepare("cifar10", archived.python_batches(tmp_path, archived.made()), tmp_path / "other", checked=False)
    if kind == "tfrecord":
        archived.tfrecords(tmp_path / "other/cifar10/3.0.2")
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "other"))
    there = load("cifar10", "train")
    monkeypatch.setenv("TFDS_DATA_DIR", str(home))
    assert prepare("cifar10", tmp_path / "other", checked=False) == home / "cifar10" / "3.0.2"
    assert {file.suffix for file in (home / "cifar10/3.0.2").iterdir()} == {
        ".json",
        ".txt",
        ".array_record-00000-of-00001",
    }
    copied = load("cifar10", "train")
    for feature in ("image", "label", "id"):
        np.testing.assert_array_equal(copied[feature], there[feature])


def test_without_array_record_a_prepared_folder_is_copied_as_it_is(home, tmp_path, monkeypatch):
    prepare("cifar10", archived.python_batches(tmp_path, archived.made()), tmp_path / "other", checked=False)
    archived.tfrecords(tmp_path / "other/cifar10/3.0.2")
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "other"))
    there = load("cifar10", "test")
    monkeypatch.setenv("TFDS_DATA_DIR", str(home))
    monkeypatch.setitem(sys.modules, "array_record.python.array_record_module", None)
    prepare("cifar10", tmp_path / "other", checked=False)
    np.testing.assert_array_equal(load("cifar10", "test")["image"], there["image"])


def test_without_array_record_it_is_an_npz(home, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "array_record.python.array_record_module", None)
    data = archived.made()
    place = prepare("cifar10", archived.python_batches(tmp_path, data), checked=False)
    assert place == home / "cifar10/actsearch.npz" == prepared(get_collection("cifar10"), home)
    for split, (images, labels) in data.items():
        np.testing.assert_array_equal(load("cifar10", split)["image"], images)
        np.testing.assert_array_equal(load("cifar10", split)["label"], labels)
    with pytest.raises(ActsearchError, match="only kept as ArrayRecord files: pip install array_record"):
        prepare(
            "imagenet2012",
            archived.class_folders(
                tmp_path / "inet",
                archived.made("imagenet2012"),
                get_collection("imagenet2012").names("label"),
                "JPEG",
                {"validation": "val"},
            ),
            checked=False,
        )
    monkeypatch.undo()
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "again"))
    prepare("cifar10", place, checked=False)
    assert as_set(*by_id(load("cifar10", "train"))) == as_set(*data["train"])


class TestMistakes:
    """One sentence each, and nothing is left behind."""

    def refused(self, home, source, match, **options):
        with pytest.raises(ActsearchError, match=match):
            prepare("cifar10", source, **options)
        assert prepared(get_collection("cifar10"), home) is None

    def test_nothing_there(self, home, tmp_path):
        self.refused(home, tmp_path / "nowhere", r"There is no file or folder .*nowhere\.")
        (tmp_path / "notes.txt").write_text("hello")
        self.refused(
            home, tmp_path, r"no CIFAR-10 in .*Looked for: a prepared TFDS folder; binary batches \(data_batch_1"
        )
        self.refused(home, tmp_path / "notes.txt", r"no CIFAR-10 in .*notes\.txt\. Looked for")

    def test_a_batch_is_missing(self, home, tmp_path):
        folder = archived.python_batches(tmp_path, archived.made())
        (folder / "data_batch_3").unlink()
        self.refused(home, folder, r"lacks data_batch_3, beside data_batch_1,")

    def test_a_split_is_missing(self, home, tmp_path):
        data = {"train": archived.made()["train"]}
        self.refused(home, archived.parquet(tmp_path / "a", data), "none of the split test")
        self.refused(home, archived.class_folders(tmp_path / "b", data, CLASSES), "none below test or")
        self.refused(
            home,
            archived.npz(tmp_path / "c/x.npz", data),
            "has no x_test; it has x_train, y_train",
            checked=False,
        )

    def test_another_checksum(self, home, tmp_path):
        archive = archived.packed(
            archived.python_batches(tmp_path, archived.made()), tmp_path / "cifar-10-python.tar.gz"
        )
        self.refused(home, archive, "has the md5 .* published is c58f3010.* write --unchecked")

    def test_another_number_of_examples(self, home, tmp_path):
        source = archived.npz(tmp_path / "c/x.npz", archived.made())
        said = []
        self.refused(home, source, "has 50,000 examples in train; 10 are here", report=said.append)
        assert said == [f"{source.parent}: no published checksum is known; the number of examples alone is checked."]

    def test_damaged(self, home, tmp_path):
        folder = archived.binary_batches(tmp_path, archived.made())
        with (folder / "test_batch.bin").open("ab") as stream:
            stream.write(b"x")
        self.refused(home, folder, "test_batch.bin is cut: 12,293 bytes", checked=False)
        archive = tmp_path / "cifar-10-binary.tar.gz"
        whole = archived.packed(folder, archive).read_bytes()
        archive.write_bytes(whole[: len(whole) // 2])
        self.refused(home, archive, "is damaged", checked=False)
        archive.write_bytes(b"no archive")
        self.refused(home, archive, "cannot be read as a tar archive", checked=False)

    def test_parquet_that_is_none(self, home, tmp_path):
        folder = archived.parquet(tmp_path / "hub", archived.made(), label="y")
        self.refused(home, folder, "has no column label; it has img, y", checked=False)
        (folder / "train-00000-of-00002.parquet").write_bytes(b"no parquet")
        self.refused(home, folder, "cannot be read as Parquet", checked=False)

    def test_parquet_with_paths_alone(self, home, tmp_path):
        import pyarrow as pa
        import pyarrow.parquet as pq

        for split in ("train", "test"):
            image = [{"bytes": None, "path": "a.png"}]
            table = pa.table(
                {"img": pa.array(image, pa.struct({"bytes": pa.binary(), "path": pa.string()})), "label": [1]}
            )
            pq.write_table(table, tmp_path / f"{split}.parquet")
        self.refused(home, tmp_path, r"only a path, a\.png", checked=False)

    def test_a_killed_copy_is_not_taken_for_a_prepared_one(self, home, tmp_path):
        place = prepare("cifar10", archived.python_batches(tmp_path, archived.made()), checked=False)
        place.rename(place.with_name(f"incomplete.{place.name}"))
        assert prepared(get_collection("cifar10"), home) is None

    def test_another_size_or_class(self, home, tmp_path):
        images, labels = archived.made()["train"]
        small = {"train": (images[:, :31], labels), "test": (images[:, :31], labels)}
        self.refused(home, archived.npz(tmp_path / "a/x.npz", small), "has 32 x 31 pixels, not 32 x 32", checked=False)
        dogs = archived.class_folders(tmp_path / "b", archived.made(), ["a dog"] * 10)
        self.refused(home, dogs, "'a dog' is no class of CIFAR-10: they are airplane, .*, or the numbers from 0 to 9")

    def test_floats(self, home, tmp_path):
        data = {split: (images / 255, labels) for split, (images, labels) in archived.made().items()}
        self.refused(
            home,
            archived.npz(tmp_path / "c/x.npz", data),
            "images of float64 .*; they must be uint8",
            checked=False,
        )

    @pytest.mark.parametrize("label", [10, -1, 0.5, "a dog"])
    def test_labels_that_are_no_classes(self, label, home, tmp_path):
        images, labels = archived.made()["train"]
        wrong = {split: (images, np.full(len(labels), label)) for split in ("train", "test")}
        said = f"example 0 of train: A label is a number from 0 to 9, or a class from airplane .* received '?{label}"
        self.refused(home, archived.npz(tmp_path / "a/x.npz", wrong), said, checked=False)

    def test_arrays_that_are_damaged(self, home, tmp_path):
        source = archived.npz(tmp_path / "a/x.npz", archived.made())
        (file,) = source.parent.glob("*.npz")
        whole = file.read_bytes()
        for content in (whole[: len(whole) // 2], whole[:400] + b"damage" + whole[406:], b""):
            file.write_bytes(content)
            self.refused(home, source, "x.npz cannot be read as arrays", checked=False)

    def test_a_prepared_folder_that_is_damaged(self, home, tmp_path):
        place = prepare("cifar10", archived.npz(tmp_path / "a/x.npz", archived.made()), checked=False)
        (record,) = place.glob("*train.array_record*")
        whole = record.read_bytes()
        record.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(ActsearchError, match=r"train.array_record.* is damaged .* prepare it again"):
            load("cifar10", "train")
        record.write_bytes(whole)
        archived.tfrecords(place)
        (record,) = place.glob("*train.tfrecord*")
        for size in (record.stat().st_size - 1, 5):
            record.write_bytes(record.read_bytes()[:size])
            with pytest.raises(ActsearchError, match=r"is cut in the middle of a record"):
                load("cifar10", "train")
        (place / "dataset_info.json").write_text('{"version":')
        with pytest.raises(ActsearchError, match=r"dataset_info.json is damaged .* or delete the folder"):
            load("cifar10", "train")

    def test_prepared_already(self, home, tmp_path):
        source = archived.npz(tmp_path / "c/x.npz", archived.made())
        prepare("cifar10", source, checked=False)
        with pytest.raises(ActsearchError, match=r"prepared already, in .*; delete that"):
            prepare("cifar10", source, checked=False)

    def test_a_name(self):
        with pytest.raises(ActsearchError, match="There is no data set 'cifar'; write cifar10"):
            prepare("cifar")

    def test_a_stream_without_grain(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "grain", None)
        with pytest.raises(ActsearchError, match=r'Streams need Grain .*: pip install "actsearch\[imagenet\]"$'):
            stream("imagenet2012", "train", batch_size=1)

    def test_not_prepared(self, home):
        with pytest.raises(ActsearchError, match=r"CIFAR-10 is not in .*tfds; prepare it once: actsearch data cifar10"):
            load("cifar10", "train")
        with pytest.raises(ActsearchError, match=r"does not fit into memory as one array; use actsearch.data.stream"):
            load("imagenet2012", "train")


def test_reports_how_far_it_is(home, tmp_path, monkeypatch):
    monkeypatch.setattr(preparation, "_SECONDS", 0.0)
    said = []
    prepare(
        "cifar10",
        archived.npz(tmp_path / "c/x.npz", archived.made(train=1)),
        checked=False,
        report=said.append,
    )
    assert said[:2] == ["train  1/50,000", "train  1 examples"]


def test_the_order_is_that_of_tfdss_own_builder(home, tmp_path, monkeypatch):
    """TFDS's builder of CIFAR-10 as it is, but for the function that reads a file with TensorFlow."""
    import tensorflow_datasets as tfds
    from tensorflow_datasets.image_classification import cifar

    data = archived.made(train=40)
    folder = archived.binary_batches(tmp_path, data)
    (folder / "batches.meta.txt").write_text("\n".join([*CLASSES, ""]))
    prepare("cifar10", folder, checked=False)

    def read(path, labels_number):
        for row in np.fromfile(path, np.uint8).reshape(-1, 3073):
            yield row[:1], io.BytesIO(archived.image_file(row[1:].reshape(3, 32, 32).transpose(1, 2, 0)))

    monkeypatch.setattr(cifar, "_load_data", read)
    monkeypatch.setattr(tfds.download.DownloadManager, "download_and_extract", lambda self, url: str(tmp_path))
    builder = tfds.builder("cifar10", data_dir=tmp_path / "official", file_format="array_record")
    builder.download_and_prepare()
    for split in data:
        official = list(builder.as_data_source(split))
        ours = load("cifar10", split)
        assert [row["id"].decode() for row in official] == ours["id"].tolist()
        np.testing.assert_array_equal(np.stack([row["image"] for row in official]), ours["image"])

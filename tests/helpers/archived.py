"""Small data sets as their publishers keep the large ones: every format, made on the spot from the same pixels."""

import gzip
import io
import pickle
import struct
import tarfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from actsearch.data import get_collection

BATCHES = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")


def made(name="cifar10", train=10, test=4):
    """Returns random images and labels of each split of a data set, in published order."""
    collection, rng = get_collection(name), np.random.default_rng(0)
    shape, classes = collection.shape or (40, 30, 3), len(collection.names("label"))
    counts = dict(zip(collection.examples, (train, test), strict=True))
    return {
        split: (
            rng.integers(0, 256, (count, *shape), np.uint8),
            np.resize(rng.permutation(classes), count).astype(np.int32),
        )
        for split, count in counts.items()
    }


def files_of(images, labels):
    """Returns what CIFAR keeps: bytes, one colour after another, and numbers."""
    return images.transpose(0, 3, 1, 2).reshape(len(images), -1), labels.tolist()


def parts(data, batches=5):
    """Yields the name of each batch of CIFAR-10, its pixels and its labels."""
    pixels, labels = files_of(*data["train"])
    for name, some, numbers in zip(
        BATCHES, np.split(pixels, batches), np.split(np.array(labels), batches), strict=False
    ):
        yield name, some, numbers.tolist()
    yield BATCHES[-1], *files_of(*data["test"])


def python_batches(folder, data):
    """Writes torchvision's folder of CIFAR-10."""
    folder = folder / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    for name, pixels, labels in parts(data):
        batch = {"data": pixels, "labels": labels, "filenames": ["a.png"] * len(labels), "batch_label": "one"}
        (folder / name).write_bytes(pickle.dumps(batch, protocol=2))
    return folder


def binary_batches(folder, data):
    """Writes the folder of CIFAR-10's binary archive."""
    folder = folder / "cifar-10-batches-bin"
    folder.mkdir(parents=True)
    for name, pixels, labels in parts(data):
        (folder / f"{name}.bin").write_bytes(np.hstack([np.array(labels, np.uint8)[:, None], pixels]).tobytes())
    return folder


def cifar100(folder, data, coarse, kind):
    """Writes the folder of CIFAR-100's binary or Python archive."""
    folder = folder / ("cifar-100-binary" if kind == "binary" else "cifar-100-python")
    folder.mkdir(parents=True)
    for split, (images, labels) in data.items():
        pixels, numbers = files_of(images, labels)
        groups = [coarse[number] for number in numbers]
        if kind == "binary":
            head = np.array([groups, numbers], np.uint8).T
            (folder / f"{split}.bin").write_bytes(np.hstack([head, pixels]).tobytes())
        else:
            batch = {"data": pixels, "fine_labels": numbers, "coarse_labels": groups}
            (folder / split).write_bytes(pickle.dumps(batch, protocol=2))
    return folder


def packed(folder, path):
    """Packs a folder under its own name into a tar archive."""
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as tar:
        tar.add(folder, folder.name)
    return path


def image_file(image, kind="PNG", **options):
    """Returns an image as the bytes of a file."""
    buffer = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(buffer, kind, **options)
    return buffer.getvalue()


def parquet(folder, data, image="img", label="label", kind="PNG"):
    """Writes Hugging Face's files: two a training split."""
    folder.mkdir(parents=True)
    for split, (images, labels) in data.items():
        rows = [{"bytes": image_file(one, kind), "path": None} for one in images]
        shards = np.array_split(np.arange(len(rows)), 2 if split == "train" else 1)
        for number, shard in enumerate(shards):
            table = pa.table({image: [rows[i] for i in shard], label: labels[shard].tolist()})
            pq.write_table(table, folder / f"{split}-{number:05d}-of-{len(shards):05d}.parquet")
    return folder


def npz(path, data):
    """Writes Keras's .npz."""
    path.parent.mkdir(parents=True)
    arrays = {f"x_{split}": images for split, (images, _) in data.items()}
    np.savez(path, **arrays, **{f"y_{split}": labels[:, None] for split, (_, labels) in data.items()})
    return path


def class_folders(folder, data, names, kind="PNG", splits=None):
    """Writes a folder a class; the name of a file is the number of its image."""
    for split, (images, labels) in data.items():
        for index, (image, label) in enumerate(zip(images, labels, strict=True)):
            place = folder / (splits or {}).get(split, split) / names[label]
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{split}_{index:04d}.{kind}").write_bytes(image_file(image, kind))
    return folder


def idx(folder, data, gz):
    """Writes MNIST's four files."""
    folder.mkdir(parents=True)
    for split, (images, labels) in data.items():
        prefix = "train" if split == "train" else "t10k"
        for name, array in ((f"{prefix}-images-idx3-ubyte", images[..., 0]), (f"{prefix}-labels-idx1-ubyte", labels)):
            head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
            content = head + array.astype(np.uint8).tobytes()
            (folder / f"{name}.gz" if gz else folder / name).write_bytes(gzip.compress(content) if gz else content)
    return folder


def imagenet_archives(folder, data, names, validation_names):
    """Writes ImageNet's two archives, of JPEG files; returns the bytes of every file by its name."""
    folder.mkdir(parents=True)
    images, labels = data["train"]
    kept = {}
    with tarfile.open(folder / "ILSVRC2012_img_train.tar", "w") as outer:
        for label in np.unique(labels):
            inner = io.BytesIO()
            with tarfile.open(fileobj=inner, mode="w") as tar:
                for index in np.flatnonzero(labels == label):
                    name = f"{names[label]}_{index}.JPEG"
                    kept[name] = image_file(images[index], "JPEG")
                    add(tar, name, kept[name])
            add(outer, f"{names[label]}.tar", inner.getvalue())
    with tarfile.open(folder / "ILSVRC2012_img_val.tar", "w") as tar:
        for name, image in zip(validation_names, data["validation"][0], strict=True):
            kept[name] = image_file(image, "JPEG")
            add(tar, name, kept[name])
    return kept


def add(tar, name, content):
    """Adds a file to an archive."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


def tfrecords(folder):
    """Turns the ArrayRecord files of a prepared version into TFRecord files, as TensorFlow would have written them."""
    from array_record.python.array_record_module import ArrayRecordReader

    for file in folder.glob("*.array_record*"):
        records = ArrayRecordReader(str(file)).read_all()
        framed = b"".join(struct.pack("<Q", len(record)) + bytes(4) + record + bytes(4) for record in records)
        (folder / file.name.replace(".array_record", ".tfrecord")).write_bytes(framed)
        file.unlink()
    info = folder / "dataset_info.json"
    info.write_text(info.read_text().replace('"array_record"', '"tfrecord"'))

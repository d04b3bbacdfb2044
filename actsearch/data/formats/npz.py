"""NumPy's .npz: Keras's x_train, y_train, x_test, y_test, MedMNIST's train_images, ..., or our train_image, ..."""

import dataclasses
import functools
import io
import zipfile
import zlib
from collections.abc import Iterator

import numpy as np

from actsearch.data.base import Collection, Example, Found
from actsearch.data.files import Files
from actsearch.data.formats.split_names import ALIASES
from actsearch.language import ActsearchError


@dataclasses.dataclass(frozen=True)
class NPZ:
    """One .npz with the arrays of every split: images uint8 [n, height, width(, channels)] and labels."""

    words = "an .npz (x_train, y_train, x_test, y_test)"

    def find(self, files: Files, collection: Collection) -> Found | None:
        """Returns the arrays of every split; the first .npz is taken."""
        name = next((name for name in files.names if name.endswith(".npz")), None)
        if name is None:
            return None
        splits = {
            split: functools.partial(_examples, files, name, split, collection.shape) for split in collection.examples
        }
        return Found(files, (), splits)


def _examples(files: Files, name: str, split: str, shape: tuple[int, int, int] | None) -> Iterator[Example]:
    images, labels = _arrays(files, name, split)
    if len(images) != len(labels):
        raise ActsearchError(f"{files.path}: {name} has {len(images)} images and {len(labels)} labels of {split}.")
    images = images[..., None] if images.ndim == 3 else images
    if shape is not None and images.shape[1:] == (shape[2], *shape[:2]):
        images = images.transpose(0, 2, 3, 1)
    for image, label in zip(images, labels, strict=True):
        yield {"image": image, "label": label.item()}


def _arrays(files: Files, name: str, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns the images and the labels of a split."""
    try:
        with np.lib.npyio.NpzFile(io.BytesIO(files.read(name)), allow_pickle=False) as stored:
            images = stored[_key(list(stored), split, ("x_{}", "{}_images", "{}_image", "{}_x"))]
            labels = stored[_key(list(stored), split, ("y_{}", "{}_labels", "{}_label", "{}_y"))]
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        if isinstance(error, ActsearchError):
            raise ActsearchError(f"{files.path}: {name} {error}") from error
        raise ActsearchError(f"{files.path}: {name} cannot be read as arrays: {error}.") from error
    if images.dtype != np.uint8 or images.ndim not in (3, 4):
        raise ActsearchError(
            f"{files.path}: {name} has images of {images.dtype} {list(images.shape)}; they must be uint8, 0 to 255, "
            "[n, height, width] or [n, height, width, channels]."
        )
    return images, labels.reshape(-1)


def _key(present: list[str], split: str, forms: tuple[str, ...]) -> str:
    for alias in ALIASES[split]:
        for form in forms:
            if form.format(alias) in present:
                return form.format(alias)
    raise ActsearchError(f"has no {forms[0].format(split)}; it has {', '.join(present)}.")

"""Images that do not fit into memory, cut by worker processes; ImageNet with ResNet-50 as it is published."""

import dataclasses
import os
from collections.abc import Iterator

import jax
import jax.numpy as jnp

from actsearch.data import signature, stream
from actsearch.language import ActsearchError
from actsearch.nn import imagenet_resnet
from actsearch.tasks.base import Data
from actsearch.tasks.classification import Classification
from actsearch.tasks.datasets import DataSet, Parts, Split
from actsearch.tasks.recipe import Recipe
from actsearch.tasks.streamed import Part, Streamed

_EPOCH = 1_281_167


@dataclasses.dataclass(frozen=True, kw_only=True)
class StreamedImages(Streamed, Classification):
    """Classification of prepared images that worker processes cut, as ImageNet's.

    Training sees random crops, half of them mirrored, in a new order each epoch; evaluation the centre.

    Attributes:
      collection: the name in `actsearch data`.
      held_out: share of the training images, the last ones, that are the validation part; above 0 and below 1.
      workers: processes that read and cut, None for one less than this machine has cores; results do not depend on it.

    Raises:
      ActsearchError: a share out of range.

    Example:
      >>> from actsearch.tasks import get_task
      >>> task = get_task("imagenet-resnet50")
      >>> task.collection, task.batch_size, task.abstract_batch().inputs.shape
      ('imagenet2012', 256, (256, 224, 224, 3))
    """

    collection: str
    held_out: float = 0.01
    workers: int | None = dataclasses.field(default=None, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.held_out < 1:
            raise ActsearchError(f"held_out is a share above 0 and below 1; received {self.held_out}.")

    def data(self) -> Data:
        """Raises: there is no room for all examples."""
        raise ActsearchError(
            f"The data of {self.name} do not fit into memory: train on it by `actsearch train` or `actsearch verify "
            "--out`; a search takes one of the smaller tasks (actsearch tasks)."
        )

    def stream(self, part: Part, *, seed: int = 0, start: int = 0) -> Iterator[Split]:
        """Returns the batches of a part: inputs uint8 [batch, side, side, 3] from 0 to 255, labels int32 [batch]."""
        train, last = part == "train", 1 - self.held_out
        share = {"train": (0.0, last), "validation": (last, 1.0), "test": (0.0, 1.0)}[part]
        batches = stream(
            self.collection,
            "validation" if part == "test" else "train",  # as published: the test labels were never given out
            batch_size=self.batch_size,
            side=self.dataset.shape[0],
            augment=train,
            epochs=None if train else 1,
            share=share,
            seed=seed,
            start=start,
            workers=max(1, (os.cpu_count() or 1) - 1) if self.workers is None else self.workers,
        )
        return (Split(batch["image"], batch["label"]) for batch in batches)

    def signature(self) -> str:
        """Returns version, splits, numbers of examples and bytes of the prepared data set."""
        return signature(self.collection)


@dataclasses.dataclass(frozen=True)
class Standardize:
    """Makes the mean of each colour 0 and its standard deviation 1, as a task's `augment`.

    Attributes:
      mean: of each colour, of values from 0 to 1.
      deviation: of each colour, above 0.

    Example:
      >>> Standardize()(jnp.full((1, 2, 2, 3), 255, jnp.uint8), None)[0, 0, 0].round(2).tolist()
      [2.25, 2.43, 2.64]
    """

    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    deviation: tuple[float, float, float] = (0.229, 0.224, 0.225)

    def __call__(self, inputs: jax.Array, key: jax.Array | None) -> jax.Array:
        """Returns images [n, height, width, 3] as float32; the key is not used."""
        return (inputs / 255.0 - jnp.array(self.mean)) / jnp.array(self.deviation)


def images(collection: str, side: int = 224) -> DataSet:
    """Returns a collection of images as a `StreamedImages` has it, at a side in pixels."""
    return DataSet(collection, (side, side, 3), scale=1.0, load=_no_room)


def _no_room() -> Parts:
    raise ActsearchError("Images of this data set come in batches: there is no room for all of them.")


def imagenet_resnet50() -> StreamedImages:
    """Returns ResNet-50 on ImageNet, 49 sites, 90 epochs of batches of 256 (Goyal et al. 2017, section 5.1).

    Nesterov's momentum, rate 0.1, a tenth of it after 30, 60 and 80 epochs, decay 1e-4 on all but BatchNorm's
    parameters. Ours: bfloat16, no decay of the head's bias, and that the last 1 % of the training images are held out.
    """
    return StreamedImages(
        name="imagenet-resnet50",
        summary="ImageNet in batches from disk, ResNet-50 with BatchNorm",
        collection="imagenet2012",
        dataset=images("ImageNet"),
        network=imagenet_resnet(),
        steps=90 * _EPOCH // 256,
        batch_size=256,
        recipe=Recipe(
            learning_rate=0.1,
            schedule="steps",
            drops=(30 / 90, 60 / 90, 80 / 90),
            nesterov=True,
            weight_decay=1e-4,
            dtype="bfloat16",
            rate_rule="the network's paper",
        ),
        augment=Standardize(),
    )

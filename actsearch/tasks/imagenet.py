"""Images that do not fit into memory, cut by worker processes; ImageNet with ResNet-50 as it is published."""

import dataclasses
from collections.abc import Iterator

import jax
import jax.numpy as jnp

from actsearch.data import signature, stream
from actsearch.language import ActsearchError
from actsearch.nn import imagenet_resnet
from actsearch.tasks.classification import Classification
from actsearch.tasks.datasets import DataSet, Parts, Split
from actsearch.tasks.recipe import Recipe
from actsearch.tasks.streamed import Streamed

_TRAINED = round(0.99 * 1_281_167)
"""Images of an epoch: those that are not held out."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class StreamedImages(Streamed, Classification):
    """Classification of prepared images that worker processes cut, as ImageNet's.

    Training sees random crops, half of them mirrored, in a new order each epoch; evaluation the centre.

    Attributes:
      collection: the name in `actsearch data`.
      side: of the images in pixels, at least 1.
      held_out: share of the training images, the last ones, that are the validation part; above 0 and below 1.
      workers: processes that read and cut, None for one less than this process has cores; results do not depend on it.
      dataset: made of the collection; uint8 from 0 to 255, which `augment` may scale.

    Raises:
      ActsearchError: a number out of range.

    Example:
      >>> from actsearch.tasks import get_task
      >>> task = get_task("imagenet-resnet50")
      >>> task.collection, task.batch_size, task.abstract_batch().inputs.shape
      ('imagenet2012', 256, (256, 224, 224, 3))
    """

    dataset: DataSet = dataclasses.field(init=False)
    collection: str
    side: int = 224
    held_out: float = 0.01
    workers: int | None = dataclasses.field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.side < 1 or not 0 < self.held_out < 1:
            raise ActsearchError(
                f"side is at least 1, held_out a share above 0 and below 1; received {self.side} and {self.held_out}."
            )
        shape = (self.side, self.side, 3)
        object.__setattr__(self, "dataset", DataSet(self.collection, shape, scale=1.0, load=_no_room))
        super().__post_init__()

    def stream(self, part: str, *, seed: int = 0, start: int = 0) -> Iterator[Split]:
        """Returns the batches of a part: inputs uint8 [batch, side, side, 3] from 0 to 255, labels int32 [batch]."""
        train, last = part == "train", 1 - self.held_out
        share = {"train": (0.0, last), "validation": (last, 1.0), "test": (0.0, 1.0)}[part]
        batches = stream(
            self.collection,
            "validation" if part == "test" else "train",  # as published: the test labels were never given out
            batch_size=self.batch_size,
            side=self.side,
            augment=train,
            epochs=None if train else 1,
            share=share,
            seed=seed,
            start=start,
            workers=self.workers,
        )
        return (Split(batch["image"], batch["label"]) for batch in batches)

    def signature(self) -> str:
        """Returns version, splits and numbers of examples of the prepared data set."""
        return signature(self.collection)


def _no_room() -> Parts:
    raise ActsearchError("Images that come in batches are not loaded as a whole.")


@dataclasses.dataclass(frozen=True)
class Standardize:
    """Makes the mean of each colour 0 and its standard deviation 1, as a task's `augment`.

    Attributes:
      mean: of each colour, of values from 0 to 1.
      deviation: of each colour, above 0.

    Example:
      >>> white = Standardize()(jnp.full((1, 2, 2, 3), 255, jnp.uint8), None)
      >>> [round(float(colour), 2) for colour in white[0, 0, 0]]
      [2.25, 2.43, 2.64]
    """

    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    deviation: tuple[float, float, float] = (0.229, 0.224, 0.225)

    def __call__(self, inputs: jax.Array, key: jax.Array | None) -> jax.Array:
        """Returns images [n, height, width, 3] as float32; the key is not used."""
        mean, deviation = (jnp.array(colours).reshape(1, 1, 1, 3) for colours in (self.mean, self.deviation))
        return (inputs / 255.0 - mean) / deviation


def imagenet_resnet50() -> StreamedImages:
    """Returns ResNet-50 on ImageNet, 49 sites, 90 epochs of batches of 256 (Goyal et al. 2017, section 5.1).

    Nesterov's momentum, rate 0.1, a tenth of it after 30, 60 and 80 epochs, decay 1e-4 on all but BatchNorm's
    parameters. Ours: bfloat16, no decay of the head's bias, and that the last 1 % of the training images are held out.
    """
    return StreamedImages(
        name="imagenet-resnet50",
        summary="ImageNet in batches from disk, ResNet-50 with BatchNorm",
        collection="imagenet2012",
        network=imagenet_resnet(),
        steps=90 * _TRAINED // 256,
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

"""Batches of a data set that does not fit into memory, cut from its images by worker processes of Grain.

A batch depends on the data set, the seed and its number alone, not on how many workers there are; an iteration that
stopped anywhere goes on from its state.
"""

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np

from actsearch.data import tfds_folder
from actsearch.data.collections import get_collection
from actsearch.data.crops import centre_crop, random_crop
from actsearch.data.store import place_of
from actsearch.language import ActsearchError

Batch = dict[str, np.ndarray]
"""`image` uint8 [batch, side, side, 3] from 0 to 255 and `label` int32 [batch]."""


_AHEAD = 2
"""Batches that each process cuts before they are asked for; Grain's own 500 would be gigabytes."""


class Stream(Iterator[Batch]):
    """Batches one after another, with a state to go on from.

    Example, where ImageNet is prepared::

      batches = stream("imagenet2012", "train", batch_size=256, workers=16)
      batch, state = next(batches), batches.state
      batches.restore(state)  # in another process, of the same arguments
    """

    def __init__(self, iterator: Any) -> None:
        self._iterator = iterator

    def __next__(self) -> Batch:
        batch: Batch = next(self._iterator)
        return batch

    @property
    def state(self) -> dict[str, Any]:
        """Where the iteration is: numbers and texts, so that it can be kept as JSON."""
        state: dict[str, Any] = self._iterator.get_state()
        return state

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on behind the batch after which the state was taken."""
        self._iterator.set_state(state)


def stream(
    name: str,
    split: str,
    *,
    batch_size: int,
    side: int = 224,
    augment: bool = True,
    epochs: int | None = None,
    seed: int = 0,
    workers: int = 0,
) -> Stream:
    """Returns batches of a prepared data set of images.

    Args:
      name: of the data set.
      split: "train" or another.
      batch_size: examples a batch, at least 1; what is left at the end of an epoch is no batch where `augment` is True.
      side: of the images in a batch, at least 1.
      augment: True: a new order and new crops in each epoch, half of them mirrored. False: as in evaluation, the
        published order and the centre.
      epochs: how often the split is gone through; None for ever.
      seed: of order and crops, from 0.
      workers: processes that read and cut; 0 for this one.

    Raises:
      ActsearchError: an unknown name, a data set that is not prepared here, or Grain is not installed.
    """
    try:
        import grain
    except ModuleNotFoundError as error:
        raise ActsearchError(
            f'Streams need Grain ({error.name} is missing): pip install "actsearch[imagenet]"'
        ) from error
    for option, value in (("batch_size", batch_size), ("side", side)):
        if value < 1:
            raise ActsearchError(f"{option} is at least 1; received {value}.")
    examples = grain.MapDataset.source(tfds_folder.source(place_of(get_collection(name)), split)).seed(seed)
    if augment:
        cut = examples.shuffle().random_map(functools.partial(random_crop, side=side))
    else:
        cut = examples.map(functools.partial(centre_crop, side=side))
    batches = (
        cut.batch(batch_size, drop_remainder=augment)
        .repeat(epochs)
        .to_iter_dataset(grain.ReadOptions(num_threads=1, prefetch_buffer_size=_AHEAD))
    )
    if workers:
        _parse_no_flags()
        batches = batches.mp_prefetch(grain.MultiprocessingOptions(num_workers=workers))
    return Stream(iter(batches))


def _parse_no_flags() -> None:
    """Lets Grain start processes: it reads flags of absl, which a program may parse, and most do not."""
    from absl import flags

    if not flags.FLAGS.is_parsed():
        flags.FLAGS.mark_as_parsed()

"""Batches of a data set that does not fit into memory, cut from its images by worker processes of Grain.

A batch depends on the data set, the seed and its number alone, not on how many workers there are, so that an iteration
goes on anywhere by that number.
"""

import functools
from collections.abc import Iterator

import numpy as np

from actsearch.data import tfds_folder
from actsearch.data.collections import get_collection
from actsearch.data.cores import count_cores
from actsearch.data.crops import centre_crop, random_crop
from actsearch.data.store import place_of
from actsearch.language import ActsearchError

Batch = dict[str, np.ndarray]
"""`image` uint8 [batch, side, side, 3] from 0 to 255 and `label` int32 [batch]."""


_AHEAD = 2
"""Batches that each process cuts before they are asked for; Grain's own 500 would be gigabytes."""


def stream(
    name: str,
    split: str,
    *,
    batch_size: int,
    side: int = 224,
    augment: bool = True,
    epochs: int | None = None,
    share: tuple[float, float] = (0.0, 1.0),
    seed: int = 0,
    start: int = 0,
    workers: int | None = 0,
) -> Iterator[Batch]:
    """Returns batches of a prepared data set of images.

    Args:
      name: of the data set.
      split: "train" or another.
      batch_size: examples a batch, at least 1; what is left at the end of an epoch is no batch where `augment` is True.
      side: of the images in a batch, at least 1.
      augment: True: a new order and new crops in each epoch, half of them mirrored. False: as in evaluation, the
        published order and the centre.
      epochs: how often the split is gone through; None for ever.
      share: of the split's examples, in their published order: where the part begins and ends, from 0 to 1.
      seed: of order and crops, from 0.
      start: the number of the first batch, from 0: how many were taken before.
      workers: processes that read and cut; 0 for this one, None for one less than this process has cores.

    Raises:
      ActsearchError: an unknown name, a data set that is not prepared here, a number out of range, or Grain is not
        installed.

    Example, where ImageNet is prepared::

      batches = stream("imagenet2012", "train", batch_size=256, start=1_000, workers=16)
      images = next(batches)["image"]  # of batch 1,000, whether or not this process has cut those before it
    """
    try:
        import grain
    except ModuleNotFoundError as error:
        raise ActsearchError(
            f'Streams need Grain ({error.name} is missing): pip install "actsearch[imagenet]"'
        ) from error
    bounds = {"batch_size": (batch_size, 1), "side": (side, 1), "seed": (seed, 0), "start": (start, 0)}
    for option, (value, least) in bounds.items():
        if value < least:
            raise ActsearchError(f"{option} is at least {least}; received {value}.")
    whole = grain.MapDataset.source(tfds_folder.source(place_of(get_collection(name)), split))
    examples = whole[_rows(share, len(whole))].seed(seed)
    if augment:
        cut = examples.shuffle().random_map(functools.partial(random_crop, side=side))
    else:
        cut = examples.map(functools.partial(centre_crop, side=side))
    batches = (
        cut.batch(batch_size, drop_remainder=augment)
        .repeat(epochs)[start:]
        .to_iter_dataset(grain.ReadOptions(num_threads=1, prefetch_buffer_size=_AHEAD))
    )
    if workers is None:
        workers = max(1, count_cores() - 1)
    if workers:
        _parse_no_flags()
        batches = batches.mp_prefetch(grain.MultiprocessingOptions(num_workers=workers))
    return iter(batches)


def _rows(share: tuple[float, float], count: int) -> slice:
    """Returns which of the examples a part has."""
    if not 0 <= share[0] < share[1] <= 1:
        raise ActsearchError(f"share is where a part begins and ends, from 0 to 1, rising; received {share}.")
    return slice(*(round(count * end) for end in share))


def _parse_no_flags() -> None:
    """Lets Grain start processes: it reads flags of absl, which a program may parse, and most do not."""
    from absl import flags

    if not flags.FLAGS.is_parsed():
        flags.FLAGS.mark_as_parsed()

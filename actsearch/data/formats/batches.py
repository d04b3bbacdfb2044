"""CIFAR's batches: several files a split, in their order."""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence

from actsearch.data.base import Example, Found
from actsearch.data.files import Files


def find_batches(
    files: Files,
    batches: Mapping[str, Sequence[str]],
    examples: Callable[[Files, Sequence[str]], Iterator[Example]],
) -> Found | None:
    """Returns the data set whose splits are in the named files; None where there is none of them.

    Args:
      files: to look in.
      batches: names of each split's files, a part of their path.
      examples: reads the examples of files.

    Raises:
      ActsearchError: some of the files are missing.
    """
    names = files.all_named([name for some in batches.values() for name in some])
    if names is None:
        return None
    left = iter(names)
    chosen = {split: [next(left) for _ in some] for split, some in batches.items()}
    return Found(files, names, {split: functools.partial(examples, files, some) for split, some in chosen.items()})

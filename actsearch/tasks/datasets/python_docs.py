"""Characters of Python's documentation topics and library docstrings: one frozen text in the package, no download.

1.9 million characters of technical English and code, copyright Python Software Foundation, under the licence beside the
file (PSF-2.0); experiments/freeze_text.py made it with Python 3.11.7. Blocks of 4,096 characters go to the parts: of
every ten one to validation and the next to test, because the text is in alphabetical order and its end is not like its
beginning.
"""

import functools
import lzma
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from actsearch.language import ActsearchError

FILE = Path(__file__).parent / "files" / "python_docs.txt.xz"
BLOCK, FOLDS = 4_096, 10
VOCABULARY = 100
EVALUATED = 32_768
"""Characters of validation or test text that a training is measured on, evenly spread over the part."""

Windows = NDArray[np.int32]
"""Windows of a part, [windows, length + 1]: inputs are all characters but the last, targets all but the first."""


@functools.cache
def characters() -> tuple[Windows, str]:
    """Returns the text as numbers of characters, int32 [1,917,046], and the VOCABULARY characters in their order."""
    points = np.frombuffer(lzma.decompress(FILE.read_bytes()).decode().encode("utf-32-le"), np.uint32)
    alphabet, numbers = np.unique(points, return_inverse=True)
    return numbers.astype(np.int32), "".join(map(chr, alphabet))


@functools.cache
def python_docs(length: int) -> tuple[Windows, Windows, Windows]:
    """Returns train, validation and test windows of `length` characters and the one after them.

    Windows do not overlap and lie within a block, so that parts share no place of the text. Of validation and test
    EVALUATED characters are kept.

    Args:
      length: characters that a network reads, from 1 up to BLOCK - 1.

    Raises:
      ActsearchError: another length.
    """
    if not 1 <= length < BLOCK:
        raise ActsearchError(f"A window of the text has 1 to {BLOCK - 1} characters; received {length}.")
    numbers, _ = characters()
    blocks = numbers[: len(numbers) // BLOCK * BLOCK].reshape(-1, BLOCK)
    fold = np.arange(len(blocks)) % FOLDS
    train, validation, test = (_windows(blocks[chosen], length) for chosen in (fold > 1, fold == 0, fold == 1))
    return train, _spread(validation, EVALUATED // length), _spread(test, EVALUATED // length)


def _windows(blocks: Windows, length: int) -> Windows:
    each = BLOCK // (length + 1)
    windows: Windows = blocks[:, : each * (length + 1)].reshape(-1, length + 1)
    return windows


def _spread(windows: Windows, count: int) -> Windows:
    """Returns `count` windows at equal distances, or all where there are fewer."""
    chosen: Windows = windows[np.unique(np.linspace(0, len(windows) - 1, count).astype(int))]
    return chosen

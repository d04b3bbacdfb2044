"""The contract of tasks whose data do not fit into memory."""

from abc import abstractmethod
from collections.abc import Iterator
from typing import final

from actsearch.language import ActsearchError
from actsearch.tasks.base import Data, Examples, Task


class Streamed(Task):
    """A task whose data come in batches: `actsearch train` and `verify(..., out=...)` train on it, a search does not.

    A subclass defines `stream` and `signature` in the place of `data`, and `abstract_batch` where that of its family
    needs the data. Its metrics are means over examples, so that those of a part are the means of its batches' by their
    sizes.
    """

    @final
    def data(self) -> Data:
        """Raises: there is no room for all examples."""
        raise ActsearchError(
            f"The data of {self.name} do not fit into memory: train on it by `actsearch train` or `actsearch verify "
            "--out`; a search takes one of the smaller tasks (actsearch tasks)."
        )

    @abstractmethod
    def stream(self, part: str, *, seed: int = 0, start: int = 0) -> Iterator[Examples]:
        """Returns the batches of a part, each a pytree of arrays [batch, ...].

        Args:
          part: "train" goes on for ever, each batch of the task's size; "validation" and "test" have each example once.
          seed: of the order and the augmentation of "train", from 0.
          start: the number of the first batch, from 0; a batch depends on part, seed and its number alone.

        Raises:
          ActsearchError: the data are not on this machine.
        """

    @abstractmethod
    def signature(self) -> str:
        """Returns words that tell one edition of the data from another, for the digest: examples are not read for it.

        Raises:
          ActsearchError: the data are not on this machine.
        """

"""The contract of tasks whose data do not fit into memory."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, Literal

Part = Literal["train", "validation", "test"]


class Streamed(ABC):
    """What a task is beside `Task` where its data come in batches: `actsearch train` and `verify(out=...)` train on it.

    Its metrics are means over examples, so that those of a part are the mean of its batches' by their sizes.
    """

    @abstractmethod
    def stream(self, part: Part, *, seed: int = 0, start: int = 0) -> Iterator[Any]:
        """Returns the batches of a part, each a pytree of arrays [batch, ...].

        Args:
          part: "train" goes on for ever, each batch of the task's size; another part has each example once.
          seed: of the order and the augmentation of "train", from 0.
          start: the number of the first batch, from 0; a batch depends on part, seed and its number alone.
        """

    @abstractmethod
    def signature(self) -> str:
        """Returns words that change when the data do, for the digest of the task: all examples are not read for it."""

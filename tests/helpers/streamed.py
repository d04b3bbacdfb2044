"""Not a test: the tiny digits as a task whose data come in batches."""

import dataclasses
import itertools

import numpy as np

from actsearch.tasks import Classification, Split, Streamed
from tests.helpers.tiny import tiny_digits, tiny_task


@dataclasses.dataclass(frozen=True, kw_only=True)
class StreamedDigits(Streamed, Classification):
    """64 digits of each part; a batch of training is drawn by seed and number."""

    edition: str = dataclasses.field(default="64 digits", compare=False)

    def stream(self, part, *, seed=0, start=0):
        examples = tiny_digits()[("train", "validation", "test").index(part)]
        if part == "train":
            numbers = (rows(seed, step, self.batch_size) for step in itertools.count(start))
        else:
            numbers = np.split(np.arange(64), range(self.batch_size, 64, self.batch_size))
        return (Split(*(rows[taken] for rows in examples)) for taken in numbers)

    def signature(self):
        return self.edition


def rows(seed, step, batch_size):
    """Returns the numbers of a batch's examples."""
    return np.random.default_rng((seed, step)).integers(64, size=batch_size)


def streamed_task(steps=10, batch_size=24, kind=StreamedDigits, **fields):
    """Returns `tiny_task` with its data in batches; of an evaluation the last batch is smaller."""
    task = dataclasses.replace(tiny_task(steps), batch_size=batch_size)
    return kind(**{field.name: getattr(task, field.name) for field in dataclasses.fields(task)}, **fields)


def long_task():
    """Returns the task long enough to be killed several times."""
    return streamed_task(steps=500)

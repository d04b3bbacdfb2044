"""The largest stable learning rate of a program on a task, by bisection over factors of two."""

import math
from collections.abc import Callable

import jax

from actsearch.evaluation.score import diverged
from actsearch.evaluation.trainer import Trainer
from actsearch.language import Program
from actsearch.tasks import Task

EXPONENTS = (-6, 12)
"""Of the smallest and the largest factor on the task's rate that are tried."""


def largest_stable_rate(task: Task, program: Program, seed: int = 0) -> float:
    """Returns the largest factor on the task's learning rate, a power of two, at which training is stable.

    Stable: the metrics are finite, and the loss over the last tenth of the steps is below that of the untrained
    network, which a training at the rate 0 measures on the same batches. Factors from 1/64 to 4096 are searched as if
    none above an unstable one were stable; 0 where not even the smallest is, infinity where the largest is.

    Args:
      task: of the program's kind.
      program: the candidate.
      seed: fixes initial weights and batches.

    Example:
      >>> from actsearch.language import parse
      >>> from actsearch.tasks import get_task
      >>> 1 <= largest_stable_rate(get_task("digits-mlp").at_fidelity(0.02), parse("relu(x)")) <= 4096
      True
    """
    trainer = Trainer.specialized(task, program, devices=jax.devices()[:1])

    def loss(scale: float) -> float:
        (outcome,) = trainer(trainer.jobs([()], [seed], [scale]))
        return math.inf if diverged(outcome.metrics) else float(outcome.train_loss)

    untrained = loss(0.0)
    exponent = last_true(lambda exponent: loss(2.0**exponent) < untrained, *EXPONENTS)
    if exponent == EXPONENTS[1]:
        return math.inf
    return 0.0 if exponent < EXPONENTS[0] else 2.0**exponent


def last_true(holds: Callable[[int], bool], first: int, last: int) -> int:
    """Returns the last integer from `first` to `last` for which a condition holds that, once false, stays false.

    `first` - 1 where it never holds. It is asked about log2(last - first + 1) times.

    Example:
      >>> last_true(lambda i: i < 5, 0, 100)
      4
    """
    low, high = first - 1, last + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low

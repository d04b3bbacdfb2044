"""The contract of a task: what candidates are trained on and what a training is worth; the trainer uses no more."""

import dataclasses
import functools
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Self, get_args

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from actsearch.catalog import CATALOG
from actsearch.language import ActsearchError, Kind, Program
from actsearch.language.reductions import GROUPS
from actsearch.nn import LayerFactory
from actsearch.tasks.digest import digest
from actsearch.tasks.recipe import Precision

Examples = Any
"""Examples in one pytree of arrays of any dtype, each with a leading axis [examples]."""


_BASELINES: dict[Kind, str] = {"activation": "relu", "layer": "batch_norm_relu", "gate": "swiglu"}


class Data(NamedTuple):
    """The three parts of a data set, each a pytree of arrays [examples, ...]; a search never reads `test`."""

    train: Examples
    validation: Examples
    test: Examples


class Quality(NamedTuple):
    """A quality gate inside training: after `steps` steps, a validation `metric` below `minimum` ends the training."""

    steps: int
    metric: str
    minimum: float


def streams(key: jax.Array) -> nnx.Rngs:
    """Returns Flax's random streams for a network: `params` from the key, any other, such as dropout's, beside it.

    A training draws the others anew from its seed.
    """
    return nnx.Rngs(jax.random.fold_in(key, 1), params=key)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Task(ABC):
    """A task: data, network, loss, optimizer and score under one name. A task of your own is a subclass.

    A subclass is a frozen dataclass whose fields are what may differ between two of its tasks, so that tasks can be
    compared, hashed, pickled and stored. It defines `data`, `init`, `optimizer`, `loss`, `metrics` and `score`.

    Attributes:
      name: under which archives and tables know the task.
      summary: data and network in a few words, for people.
      steps: number of gradient steps, at least 1.
      batch_size: examples a step, drawn with replacement, at least 1.
      kind: what candidates are: "activation", "layer", or "gate", whose sites are called with two inputs,
        `layer(x, y)`.
      groups: most groups of channels of a candidate's group reductions.
      quality: the early gate of a search for layers, after fewer than `steps` steps; None for none.
      worst: score of a training that diverged, finite; no other score is below it.

    Example:
      >>> from actsearch.tasks import get_task
      >>> task = get_task("digits-mlp")
      >>> task.steps, task.kind, str(task.baseline)
      (500, 'activation', 'relu(x)')
    """

    name: str
    summary: str = dataclasses.field(default="", compare=False)
    steps: int
    batch_size: int = 64
    kind: Kind = "activation"
    groups: int = GROUPS
    quality: Quality | None = None
    worst: float = 0.0

    def __post_init__(self) -> None:
        for field in ("steps", "batch_size"):
            value = getattr(self, field)
            if not isinstance(value, int | np.integer) or value < 1:
                raise ActsearchError(
                    f"The task {self.name} needs {field}, an integer of at least 1; received {value!r}."
                )
        if not math.isfinite(self.worst):  # controllers learn from it as from any other score
            raise ActsearchError(f"The task {self.name} needs a finite score for `worst`; received {self.worst}.")
        if self.kind not in get_args(Kind):
            raise ActsearchError(f'The kind of a task is "activation", "layer" or "gate"; received {self.kind!r}.')
        if self.quality is not None and not 1 <= self.quality.steps < self.steps:
            raise ActsearchError(
                f"The quality gate of the task {self.name} comes after at least 1 step and before its last step, "
                f"{self.steps}; received {self.quality.steps}."
            )

    @abstractmethod
    def data(self) -> Data:
        """Returns the data, the same on every call; keep it with `functools.cache` where it takes time to make."""

    def signature(self) -> Examples:
        """Returns what the digest covers of the data: all of them."""
        return self.data()

    @abstractmethod
    def init(self, layer: LayerFactory, key: jax.Array) -> nnx.Module:
        """Returns the network with initial weights drawn by `key` and `layer(features)` at each of its sites."""

    @abstractmethod
    def optimizer(self, rate_scale: jax.Array | float = 1.0) -> optax.GradientTransformation:
        """Returns the optimizer, its learning rate times `rate_scale`, which may be a traced value."""

    @abstractmethod
    def loss(self, network: Any, batch: Examples, key: jax.Array | None = None) -> jax.Array:
        """Returns the loss of a batch of the training part, a scalar; `key` is for randomness, None for none."""

    @abstractmethod
    def metrics(self, network: Any, examples: Examples) -> dict[str, jax.Array]:
        """Returns scalars measured on a part of the data; a training where one is not finite has diverged.

        The network is in evaluation mode, as `network.eval()` sets it.
        """

    @abstractmethod
    def score(self, metrics: Mapping[str, float]) -> float:
        """Returns the score of one training, larger is better, at least `worst`."""

    @property
    def dtype(self) -> Precision:
        """Of the parameters in the network that `loss` and `metrics` are given; the trained ones are float32."""
        return "float32"

    @property
    def baseline(self) -> Program:
        """The program that candidates are compared with: ReLU; BatchNorm and ReLU where they are whole layers; SwiGLU,
        the gate of most public language models, where they are gates."""
        return CATALOG[_BASELINES[self.kind]].program

    @functools.cached_property
    def digest(self) -> str:
        """Identity of the task: 32 hexadecimal digits of its data, its network, its fields and its own code.

        Computed when first asked for; an error of `data`, where the data are not on this machine, comes then.
        """
        return digest(self)

    def at_fidelity(self, share: float) -> Self:
        """Returns the task with a share of its steps, at least one; its schedule ends with them.

        A quality gate that would come after the end is left out.

        Args:
          share: above 0, and at most 1 for the task itself.

        Example:
          >>> from actsearch.tasks import get_task
          >>> get_task("digits-mlp").at_fidelity(1 / 9).steps
          56
        """
        if not 0 < share <= 1:
            raise ActsearchError(f"A fidelity is a share of a task's steps, above 0 and at most 1; received {share}.")
        steps = max(1, round(self.steps * share))
        quality = self.quality if self.quality and self.quality.steps < steps else None
        return self if steps == self.steps else dataclasses.replace(self, steps=steps, quality=quality)

    def batches(self, key: jax.Array, examples: int) -> jax.Array:
        """Returns the example numbers of every step, int32 [steps, batch]; drawn with replacement."""
        return jax.random.randint(key, (self.steps, self.batch_size), 0, examples)

    def in_batches(self, function: Callable[[Any, Examples], jax.Array], network: Any, examples: Examples) -> jax.Array:
        """Returns a function's rows, one for each example, computed one batch after another, for `metrics`.

        An evaluation then has the shapes of training: much of what is compiled serves both, and memory is bounded.

        Args:
          function: (network, batch of examples) -> [batch, ...], each row from its own example.
          network: the network, or a function in its place; what a batch changes in it is forgotten.
          examples: of a part of the data, at least 1.
        """
        graph, state = nnx.split(network)
        count, size = len(jax.tree.leaves(examples)[0]), self.batch_size

        def batches(rows: Any) -> jax.Array:
            filled = jnp.pad(jnp.asarray(rows), ((0, -count % size), *[(0, 0)] * (rows.ndim - 1)))
            return filled.reshape(-1, size, *rows.shape[1:])

        def run(batch: Examples) -> jax.Array:
            # A network of this trace: one that keeps statistics in evaluation too may write them.
            return function(nnx.merge(graph, state, copy=True), batch)

        values = jax.lax.map(run, jax.tree.map(batches, examples))
        rows: jax.Array = values.reshape(-1, *values.shape[2:])[:count]
        return rows

    def abstract_batch(self) -> Examples:
        """Returns one batch of zeros with the shapes and dtypes of real ones."""
        return jax.tree.map(lambda rows: np.zeros((self.batch_size, *rows.shape[1:]), rows.dtype), self.data().train)

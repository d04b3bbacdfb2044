"""Recipe: the optimizer of the built-in tasks as a value that can be compared, stored and printed; Optax parts."""

import dataclasses
import functools
import math
from typing import Any, Literal, SupportsFloat, get_args

import jax
import optax

from actsearch.language import ActsearchError

Schedule = Literal["constant", "cosine", "steps"]
Precision = Literal["float32", "bfloat16"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Muon:
    """Muon (Jordan 2024) for hidden matrices, at the recipe's rate; AdamW at its own for the rest.

    The rest is embeddings, the head, kernels of more than two axes, gains, biases and parameters of candidates. The
    update of a matrix is its momentum, Nesterov's, made nearly orthogonal, times sqrt(max(1, outputs / inputs)).

    Attributes:
      adamw_rate: the highest learning rate of AdamW, above 0; its schedule is the recipe's.
      adamw: names of modules or parameters that are AdamW's, as they stand in the network: "head", or with all names
        between, "linears.2". Every `Embed` of Flax holds an "embedding".

    Raises:
      ActsearchError: a rate out of range.

    Example:
      >>> Recipe(learning_rate=0.02, algorithm=Muon(adamw_rate=3e-3), momentum=0.95).algorithm.adamw
      ('embedding', 'head')
    """

    adamw_rate: float
    adamw: tuple[str, ...] = ("embedding", "head")

    def __post_init__(self) -> None:
        if not 0 < self.adamw_rate < math.inf:
            raise ActsearchError(f"adamw_rate is above 0 and finite; received {self.adamw_rate}.")

    def part(self, path: tuple[Any, ...], leaf: jax.Array) -> str:
        """Returns "muon" for a hidden matrix, else "adamw"."""
        name = f".{jax.tree_util.keystr(path, simple=True, separator='.')}."
        return "muon" if leaf.ndim == 2 and not any(f".{other}." in name for other in self.adamw) else "adamw"


Algorithm = Literal["sgd", "adamw"] | Muon


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe:
    """An optimizer with its schedule, and how its rate was chosen.

    Weight decay applies to arrays of two axes and more, kernels and embeddings, never to what there is one of per
    channel, so that it is the same for candidates with and without parameters of their own. With SGD it is added to the
    gradient; AdamW and Muon decay the weights themselves (Loshchilov and Hutter 2019).

    Attributes:
      learning_rate: the highest, above 0.
      algorithm: "sgd", "adamw" (Loshchilov and Hutter 2019), or `Muon(adamw_rate=...)`.
      momentum: of SGD and Muon; AdamW's b1. From 0 up to, not including, 1.
      b2: AdamW's, from 0 up to, not including, 1.
      schedule: "constant"; "cosine": from the learning rate down to 0 at the last step; or "steps": times `drop` at
        each of `drops`.
      drops: shares of the steps after which the rate drops, rising, each above 0 and below 1; for "steps" alone.
      drop: factor of each drop, above 0 and below 1.
      warmup: share of the steps in which the rate rises linearly from 0, from 0 up to, not including, 1.
      nesterov: whether SGD's momentum is Nesterov's.
      weight_decay: at least 0.
      dtype: "float32", or "bfloat16": the network's values and its parameters in the forward and backward pass, the
        candidate's too. Weights, gradients as the optimizer sees them, statistics, and the loss stay float32
        (Micikevicius et al. 2018, section 3.1; bfloat16 needs no scaling of the loss). A BatchNorm inside a Linen
        module returns float32 unless it has a `dtype`.
      rate_rule: how the learning rate was chosen, for people.

    Raises:
      ActsearchError: an unknown algorithm, schedule or dtype, or a number out of range.

    Example:
      >>> Recipe(learning_rate=3e-3, algorithm="adamw", schedule="cosine").optimizer(steps=500) is not None
      True
    """

    learning_rate: float
    algorithm: Algorithm = "sgd"
    momentum: float = 0.9
    b2: float = 0.999
    schedule: Schedule = "constant"
    warmup: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0
    dtype: Precision = dataclasses.field(default="float32", metadata={"later": True})
    drops: tuple[float, ...] = dataclasses.field(default=(), metadata={"later": True})
    drop: float = dataclasses.field(default=0.1, metadata={"later": True})
    rate_rule: str = dataclasses.field(default="", compare=False)

    def __post_init__(self) -> None:
        if self.algorithm not in ("sgd", "adamw") and not isinstance(self.algorithm, Muon):
            raise ActsearchError(
                f'algorithm is "sgd", "adamw" or actsearch.tasks.Muon(adamw_rate=...); received {self.algorithm!r}.'
            )
        for field, known in (("schedule", get_args(Schedule)), ("dtype", get_args(Precision))):
            if getattr(self, field) not in known:
                raise ActsearchError(f"{field} is one of {', '.join(known)}; received {getattr(self, field)!r}.")
        for field in ("momentum", "b2", "warmup"):
            if not 0 <= getattr(self, field) < 1:
                raise ActsearchError(f"{field} is from 0 up to, not including, 1; received {getattr(self, field)}.")
        if not 0 < self.learning_rate < math.inf or not 0 <= self.weight_decay < math.inf:
            raise ActsearchError(
                "learning_rate is above 0 and weight_decay at least 0, both finite; received "
                f"{self.learning_rate} and {self.weight_decay}."
            )
        self._check_drops()

    def _check_drops(self) -> None:
        inside = all(0 < share < 1 for share in (*self.drops, self.drop))
        if not inside or list(self.drops) != sorted(set(self.drops)):
            raise ActsearchError(
                "drops are shares of the steps, rising, each above 0 and below 1, and so is the factor drop; received "
                f"{self.drops} and {self.drop}."
            )
        if bool(self.drops) != (self.schedule == "steps"):
            raise ActsearchError(
                f'drops belong to the schedule "steps", which needs at least one; received {self.drops} and '
                f"{self.schedule!r}."
            )

    def optimizer(self, steps: int, rate_scale: jax.Array | float = 1.0) -> optax.GradientTransformation:
        """Returns the optimizer of a training of `steps` steps, its learning rate times `rate_scale`."""
        rate: Any = self._schedule(steps, self.learning_rate * rate_scale)
        if isinstance(self.algorithm, Muon):
            parts = {
                "muon": optax.contrib.muon(rate, beta=self.momentum, weight_decay=self.weight_decay),
                "adamw": self._adamw(self._schedule(steps, self.algorithm.adamw_rate * rate_scale)),
            }
            return optax.multi_transform(parts, functools.partial(jax.tree.map_with_path, self.algorithm.part))
        if self.algorithm == "adamw":
            return self._adamw(rate)
        descent = optax.sgd(rate, momentum=self.momentum, nesterov=self.nesterov)
        if not self.weight_decay:
            return descent
        return optax.chain(optax.add_decayed_weights(self.weight_decay, mask=_kernels), descent)

    def _adamw(self, rate: Any) -> optax.GradientTransformation:
        return optax.adamw(rate, self.momentum, self.b2, weight_decay=self.weight_decay, mask=_kernels)

    def _schedule(self, steps: int, rate: Any) -> Any:
        """Returns the rate as Optax takes it: a value, which may be traced, or a function of the step."""
        warmup = round(self.warmup * steps)
        rest = self._after(warmup, steps, rate)
        if not warmup:
            return rest
        after = rest if callable(rest) else optax.constant_schedule(rate)
        return optax.join_schedules([optax.linear_schedule(0.0, rate, warmup), after], [warmup])

    def _after(self, warmup: int, steps: int, rate: Any) -> Any:
        """Returns the rate after the warm-up, whose end is its step 0."""
        if self.schedule == "cosine":
            return optax.cosine_decay_schedule(rate, max(1, steps - warmup))  # a short training may be all warm-up
        if self.schedule == "steps":
            places = [round(share * steps) - warmup for share in self.drops]
            # In a short training two drops may fall on one step.
            return optax.piecewise_constant_schedule(rate, {at: self.drop ** places.count(at) for at in places})
        return rate


def _kernels(parameters: optax.Params) -> Any:
    return jax.tree.map(lambda leaf: leaf.ndim > 1, parameters)


def likelihood(loss: SupportsFloat) -> float:
    """Returns exp(-loss), in [0, 1]: of a mean cross entropy, the geometric mean probability of the right answers.

    Example:
      >>> likelihood(0.0), likelihood(math.log(4)), likelihood(math.nan)
      (1.0, 0.25, 0.0)
    """
    return math.exp(-max(float(loss), 0.0)) if float(loss) == float(loss) else 0.0

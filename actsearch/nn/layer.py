"""The Flax layer that holds a candidate: its function, its trainable parameters and its moving averages."""

from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from actsearch.engine import LayerFunction, NormSettings, specialize
from actsearch.language import Program
from actsearch.language.reductions import EPSILON, GROUPS, ShapeError

LayerFactory = Callable[[int], nnx.Module]
"""What a network's site takes: number of features -> layer. The same network code serves every kind of candidate."""


class Layer(nnx.Module):
    """A candidate as a Flax NNX layer; an elementwise program is the special case without statistics.

    In training, batch reductions run over the batch, and a moving average of the moment below each of them (the mean,
    the mean square, or the biased variance) is kept: new = momentum * old + (1 - momentum) * the batch's. In evaluation
    they use those averages, so that no example depends on its neighbours.

    Args:
      program: a Program, or a LayerFunction where the function is not the program's own (the interpreter's).
      num_features: size of the last axis, at least 1.
      groups: most groups of features in group reductions, at least 1; lowered to the largest divisor of `num_features`,
        which may be 1.
      epsilon: added inside every root of a reduction, at least 0.
      momentum: of the moving averages, from 0 up to but not including 1. Flax's own BatchNorm has 0.99 by default.
      rngs: accepted as Flax's own layers do; nothing here is random.

    Attributes:
      parameters: the trainable parameters by name, each an `nnx.Param` [num_features].
      statistics: `nnx.BatchStat` float32 [batch reductions, num_features], in topological order of the program; None
        where there are none. Means start at 0, mean squares and variances at 1.
      steps: `nnx.BatchStat` int32, how often the statistics were updated; None where there are none.
      use_running_average: whether a call that does not say so evaluates; set by `network.train()` and `network.eval()`.

    Raises:
      ValueError: an argument out of range; on a call an input or a restored variable of another shape, or an evaluation
        before any training step.

    Example:
      >>> import jax.numpy as jnp, actsearch
      >>> program = actsearch.parse("param beta = 0; x * sigmoid(v * x) / batch_std(x) * gamma + beta")
      >>> layer = Layer(program, num_features=3)
      >>> layer(jnp.ones((2, 8, 8, 3))).shape, sorted(layer.parameters), layer.statistics.shape
      ((2, 8, 8, 3), ['beta', 'gamma', 'v'], (1, 3))
    """

    def __init__(
        self,
        program: Program | LayerFunction,
        num_features: int,
        *,
        groups: int = GROUPS,
        epsilon: float = EPSILON,
        momentum: float = 0.9,
        rngs: nnx.Rngs | None = None,
    ):
        candidate = specialize(program) if isinstance(program, Program) else program
        check_options(candidate.name, num_features, groups, epsilon, momentum)
        # Not the candidate itself: its moments may be an array, which a static attribute must not hold.
        self.name, self.function = candidate.name, candidate.function
        self.num_features, self.momentum = num_features, momentum
        self.settings = NormSettings(groups, epsilon)
        self.use_running_average = False
        self.parameters = nnx.Dict(
            {key: nnx.Param(jnp.full(num_features, value)) for key, value in candidate.parameters.items()}
        )
        moments = jnp.asarray(candidate.moments, float)
        self._averages = moments.shape[0]
        self.statistics = nnx.BatchStat(initial_statistics(moments, num_features)) if self._averages else None
        self.steps = nnx.BatchStat(jnp.int32(0)) if self._averages else None

    def __call__(self, x: jax.Array, use_running_average: bool | None = None) -> jax.Array:
        x = jnp.asarray(x)
        check_input(self.name, self.num_features, x)
        parameters = {key: value[...] for key, value in self.parameters.items()}
        if self.statistics is None or self.steps is None:
            return run(self.name, self.function, x, parameters, None, self.settings)[0]
        check_restored(self.name, "statistics", self.statistics[...], (self._averages, self.num_features))
        if self.use_running_average if use_running_average is None else use_running_average:
            check_trained(self.name, self.steps[...], x)
            return run(self.name, self.function, x, parameters, self.statistics[...], self.settings)[0]
        y, moments = run(self.name, self.function, x, parameters, None, self.settings)
        self.statistics[...] = moving_average(self.statistics[...], moments, self.momentum)
        self.steps[...] += 1
        return y


def run(
    name: str,
    function: Callable[..., tuple[jax.Array, jax.Array]],
    x: jax.Array,
    parameters: Mapping[str, jax.Array],
    moving: jax.Array | None,
    settings: NormSettings,
) -> tuple[jax.Array, jax.Array]:
    """Returns what a LayerFunction's function does, its parameters in the precision of `x`; errors name the layer."""
    for key, value in parameters.items():
        check_restored(name, f"parameter {key}", value, x.shape[-1:])
    try:
        return function(x, {key: value.astype(x.dtype) for key, value in parameters.items()}, moving, settings)
    except ShapeError as error:
        raise ValueError(f"The layer {name} cannot take an input of shape {x.shape}: {error}") from error


def initial_statistics(moments: jax.Array, num_features: int) -> jax.Array:
    """Returns [averages, num_features] from the initial value of each average."""
    return jnp.broadcast_to(moments[:, None], (moments.shape[0], num_features))


def moving_average(old: jax.Array, new: jax.Array, momentum: float) -> jax.Array:
    """Returns the next moving averages; nothing is trained through them."""
    return momentum * old + (1 - momentum) * jax.lax.stop_gradient(new)


def check_options(name: str, num_features: int, groups: int, epsilon: float, momentum: float) -> None:
    """Raises a ValueError for an option of a layer that is out of range."""
    for option, value in {"num_features": num_features, "groups": groups}.items():
        if not isinstance(value, int | np.integer):
            raise ValueError(f"The layer {name} needs an integer for {option}; received {value!r}.")
    if num_features < 1:
        raise ValueError(
            f"The layer {name} needs num_features of at least 1; received {num_features}: pass the size of the "
            "last axis of its input."
        )
    if groups < 1:
        raise ValueError(f"The layer {name} needs groups of at least 1; received {groups}: {GROUPS} is usual.")
    if not 0 <= epsilon < float("inf"):
        raise ValueError(
            f"The layer {name} needs a finite epsilon of at least 0; received {epsilon}: {EPSILON} is usual."
        )
    if not 0 <= momentum < 1:
        raise ValueError(
            f"The layer {name} needs a momentum from 0 up to, not including, 1; received {momentum}: 0.9 is usual."
        )


def check_input(name: str, num_features: int, x: jax.Array) -> None:
    """Raises an error for an input that the layer cannot take."""
    if x.ndim == 0 or x.shape[-1] != num_features:
        raise ValueError(
            f"The layer {name} has {num_features} features; received an input of shape "
            f"{x.shape}: make the layer with the size of the last axis."
        )
    if not jnp.issubdtype(x.dtype, jnp.floating):
        raise TypeError(
            f"The layer {name} needs a floating-point input; received {x.dtype} of shape {x.shape}: write "
            "x.astype(jnp.float32)."
        )


def check_restored(name: str, what: str, value: jax.Array, shape: tuple[int, ...]) -> None:
    """Raises a ValueError where a checkpoint of another layer was loaded."""
    if value.shape != shape:
        raise ValueError(
            f"The layer {name} needs {what} of shape {shape}; received {value.shape}: it was saved by a layer with "
            "another program or number of features; make that layer, or train this one anew."
        )


def check_trained(name: str, steps: jax.Array, x: jax.Array) -> None:
    """Raises a ValueError for an evaluation before any training step; inside `jit` the number of steps is not known."""
    if not isinstance(steps, jax.core.Tracer) and int(steps) == 0:
        raise ValueError(
            f"The layer {name} has no batch statistics to evaluate an input of shape {x.shape} with: call it once with "
            "use_running_average=False, or restore its statistics."
        )

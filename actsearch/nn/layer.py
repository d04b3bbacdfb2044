"""The Flax layer that holds a candidate: its function, its trainable parameters and its moving averages."""

from collections.abc import Callable, Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.typing import DTypeLike

from actsearch.engine import LayerFunction, NormSettings, specialize
from actsearch.engine.formula import check_count, check_shapes
from actsearch.engine.function import Evaluate
from actsearch.language import ActsearchError, Program
from actsearch.language.reductions import EPSILON, GROUPS, ShapeError

LayerFactory = Callable[[int], nnx.Module]
"""What a network's site takes: number of features -> layer. The same network code serves every kind of candidate."""


class Layer(nnx.Module):
    """A candidate as a Flax NNX layer; an elementwise program is the special case without statistics.

    In training, batch reductions run over the batch, and a moving average of the moment below each of them (the mean,
    the mean square, or the biased variance) is kept: new = momentum * old + (1 - momentum) * the batch's. In evaluation
    they use those averages, so that no example depends on its neighbours.

    A program with reductions is computed in float32 or wider and rounded last. `dtype`, `param_dtype`, `axis_name`,
    `axis_index_groups` and the `mask` of a call mean what they mean in Flax's BatchNorm; like it, a layer follows
    `network.train()`, `network.eval()` and `nnx.view(network, use_running_average=...)`. The layer of a gate, a program
    of two inputs, is called with both, `layer(x, y)`.

    Args:
      program: a Program, or a LayerFunction where the function is not the program's own (the interpreter's).
      num_features: size of the last axis, at least 1.
      groups: most groups of features in group reductions, at least 1; lowered to the largest divisor of `num_features`,
        which may be 1.
      epsilon: added inside every root of a reduction, at least 0.
      momentum: of the moving averages, from 0 up to but not including 1. Flax's own BatchNorm has 0.99 by default.
      dtype: floating-point, of the result; None for what the input and the parameters promote to.
      param_dtype: floating-point, of the parameters.
      axis_name: name of a mapped axis (of `shard_map`, `vmap` or `pmap`) over which statistics over the batch are
        averaged; None for those of each member alone. Under plain `jit` a sharded batch needs no name.
      axis_index_groups: groups of indices of that axis which average among themselves, `[[0, 1], [2, 3]]`; None for one
        group of all.
      rngs: accepted as Flax's own layers do; nothing here is random.

    Attributes:
      parameters: the trainable parameters by name, each an `nnx.Param` [num_features] of `param_dtype`, or [] where
        the program declares it a scalar.
      statistics: `nnx.BatchStat` [batch reductions, num_features], in topological order of the program; None where
        there are none. Means start at 0, mean squares and variances at 1. Its dtype is float32, as Flax's, or
        `param_dtype` where that is wider.
      steps: `nnx.BatchStat` int32, how often the statistics were updated; None where there are none.
      use_running_average: whether a call that does not say so evaluates; False at first.

    Raises:
      ActsearchError: an argument out of range; on a call an input, a mask or a restored variable of another shape, or
        an evaluation before any training step.
      TypeError: on a call, for an input of whole numbers.

    Example:
      >>> import jax.numpy as jnp, actsearch
      >>> program = actsearch.parse("param beta = 0; x * sigmoid(v * x) / batch_std(x) * gamma + beta")
      >>> layer = Layer(program, num_features=3)
      >>> layer(jnp.ones((2, 8, 8, 3))).shape, sorted(layer.parameters), layer.statistics.shape
      ((2, 8, 8, 3), ['beta', 'gamma', 'v'], (1, 3))
      >>> swiglu = Layer(actsearch.parse("silu(x) * y", inputs=("x", "y")), num_features=3)
      >>> swiglu(jnp.ones((2, 3)), jnp.zeros((2, 3))).shape
      (2, 3)
    """

    def __init__(
        self,
        program: Program | LayerFunction,
        num_features: int,
        *,
        groups: int = GROUPS,
        epsilon: float = EPSILON,
        momentum: float = 0.9,
        dtype: DTypeLike | None = None,
        param_dtype: DTypeLike = jnp.float32,
        axis_name: str | None = None,
        axis_index_groups: Sequence[Sequence[int]] | None = None,
        rngs: nnx.Rngs | None = None,
    ):
        candidate = specialize(program) if isinstance(program, Program) else program
        check_options(candidate.name, num_features, groups, epsilon, momentum, dtype, param_dtype)
        # Not the candidate itself: its moments may be an array, which a static attribute must not hold.
        self.name, self.function = candidate.name, candidate.function
        self.num_features, self.momentum, self.dtype, self.param_dtype = num_features, momentum, dtype, param_dtype
        self.inputs = candidate.inputs
        self.settings = norm_settings(groups, epsilon, axis_name, axis_index_groups)
        self.use_running_average = False
        self._shapes = {key: candidate.shape_of(key, num_features) for key in candidate.parameters}
        self.parameters = nnx.Dict(
            {
                key: nnx.Param(jnp.full(self._shapes[key], value, param_dtype))
                for key, value in candidate.parameters.items()
            }
        )
        initial = initial_statistics(candidate.moments, num_features, param_dtype)
        self._averages = len(initial)
        self.statistics = nnx.BatchStat(initial) if self._averages else None
        self.steps = nnx.BatchStat(jnp.int32(0)) if self._averages else None

    def __call__(
        self,
        x: jax.typing.ArrayLike,
        y: jax.typing.ArrayLike | bool | None = None,
        use_running_average: bool | None = None,
        *,
        mask: jax.Array | None = None,
    ) -> jax.Array:
        """Computes the program, and updates the statistics in training.

        Args:
          x: floating-point [..., num_features]; [batch, ..., num_features] where there are reductions.
          y: the second input of a gate, of the shape of `x`. A bool here is `use_running_average`, the second argument
            of Flax's BatchNorm.
          use_running_average: whether to evaluate; None for the attribute of this name.
          mask: boolean, broadcastable to `x`, such as [batch, length, 1]: the positions that statistics over the batch
            count in training, at least one for each feature; None for all. The result and the statistics of each
            example alone are as without it.

        Returns:
          An array of the shape of `x`.
        """
        second, flag = split_arguments(y, use_running_average)
        inputs = check_inputs(self.name, self.inputs, self.num_features, x, second)
        # By key, not by items(): `nnx.tabulate` replaces public methods and adds an attribute to an nnx.Dict.
        parameters = {key: self.parameters[key][...] for key in self._shapes}
        for key, shape in self._shapes.items():
            check_restored(self.name, f"parameter {key}", parameters[key], shape)
        moving = None
        if self.statistics is not None and self.steps is not None:
            check_restored(self.name, "statistics", self.statistics[...], (self._averages, self.num_features))
            if self.use_running_average if flag is None else flag:
                check_trained(self.name, self.steps[...], inputs[0])
                moving = self.statistics[...]
        value, moments = run(self.name, self.function, inputs, parameters, moving, self.settings, mask, self.dtype)
        if self.statistics is not None and self.steps is not None and moving is None:
            self.statistics[...] = moving_average(self.statistics[...], moments, self.momentum)
            self.steps[...] += 1
        return value

    def set_view(self, use_running_average: bool | None = None) -> None:
        """Sets what `nnx.view` sets.

        Args:
          use_running_average: whether a call that does not say so evaluates; None leaves it.
        """
        if use_running_average is not None:
            self.use_running_average = use_running_average


def run(
    name: str,
    function: Evaluate,
    inputs: tuple[jax.Array, ...],
    parameters: Mapping[str, jax.Array],
    moving: jax.Array | None,
    settings: NormSettings,
    mask: jax.Array | None,
    dtype: DTypeLike | None,
) -> tuple[jax.Array, jax.Array]:
    """Returns what a LayerFunction's function does, in the dtype of the result; errors name the layer."""
    result = jnp.result_type(*inputs, *parameters.values()) if dtype is None else dtype
    wide = jnp.result_type(*(value.dtype for value in inputs), result)
    x, *rest = (value.astype(wide) for value in inputs)
    try:
        value, moments = function(x, parameters, moving, settings, mask, *rest)
    except ShapeError as error:
        raise ActsearchError(f"The layer {name} cannot take an input of shape {x.shape}: {error}") from error
    return value.astype(result), moments


def split_arguments(
    y: jax.typing.ArrayLike | bool | None, use_running_average: bool | None
) -> tuple[jax.typing.ArrayLike | None, bool | None]:
    """Returns the second input and the flag; Flax's BatchNorm takes the flag as its second argument."""
    return (None, bool(y)) if isinstance(y, bool | np.bool_) else (y, use_running_average)


def check_inputs(
    name: str, arguments: tuple[str, ...], num_features: int, x: jax.typing.ArrayLike, y: jax.typing.ArrayLike | None
) -> tuple[jax.Array, ...]:
    """Returns the inputs of a layer as arrays; raises an error for those that it cannot take."""
    check_count(f"The layer {name}", arguments, y)
    inputs = tuple(jnp.asarray(value) for value in (x, y) if value is not None)
    for value in inputs:
        check_input(name, num_features, value)
    check_shapes(f"The layer {name}", *inputs)
    return inputs


def norm_settings(
    groups: int, epsilon: float, axis_name: str | None, axis_index_groups: Sequence[Sequence[int]] | None
) -> NormSettings:
    """Returns the settings of a layer, hashable."""
    members = None if axis_index_groups is None else tuple(tuple(group) for group in axis_index_groups)
    return NormSettings(groups, epsilon, axis_name, members)


def initial_statistics(moments: Sequence[float] | jax.Array, num_features: int, param_dtype: DTypeLike) -> jax.Array:
    """Returns [averages, num_features] from the initial value of each average, in float32 or wider."""
    column = jnp.asarray(moments, jnp.promote_types(param_dtype, jnp.float32))[:, None]
    return jnp.broadcast_to(column, (column.shape[0], num_features))


def moving_average(old: jax.Array, new: jax.Array, momentum: float) -> jax.Array:
    """Returns the next moving averages, in their dtype; nothing is trained through them."""
    return (momentum * old + (1 - momentum) * jax.lax.stop_gradient(new)).astype(old.dtype)


def check_options(
    name: str,
    num_features: int,
    groups: int,
    epsilon: float,
    momentum: float,
    dtype: DTypeLike | None,
    param_dtype: DTypeLike,
) -> None:
    """Raises an error for an option of a layer that is out of range."""
    for option, kind in {"dtype": dtype, "param_dtype": param_dtype}.items():
        if kind is not None and not jnp.issubdtype(kind, jnp.floating):
            raise ActsearchError(
                f"The layer {name} needs a floating-point {option}; received {kind!r}: write jnp.bfloat16, say."
            )
    for option, value in {"num_features": num_features, "groups": groups}.items():
        if not isinstance(value, int | np.integer):
            raise ActsearchError(f"The layer {name} needs an integer for {option}; received {value!r}.")
    if num_features < 1:
        raise ActsearchError(
            f"The layer {name} needs num_features of at least 1; received {num_features}: pass the size of the "
            "last axis of its input."
        )
    if groups < 1:
        raise ActsearchError(f"The layer {name} needs groups of at least 1; received {groups}: {GROUPS} is usual.")
    if not 0 <= epsilon < float("inf"):
        raise ActsearchError(
            f"The layer {name} needs a finite epsilon of at least 0; received {epsilon}: {EPSILON} is usual."
        )
    if not 0 <= momentum < 1:
        raise ActsearchError(
            f"The layer {name} needs a momentum from 0 up to, not including, 1; received {momentum}: 0.9 is usual."
        )


def check_input(name: str, num_features: int, x: jax.Array) -> None:
    """Raises an error for an input that the layer cannot take."""
    if x.ndim == 0 or x.shape[-1] != num_features:
        raise ActsearchError(
            f"The layer {name} has {num_features} features; received an input of shape "
            f"{x.shape}: make the layer with the size of the last axis."
        )
    if not jnp.issubdtype(x.dtype, jnp.floating):
        raise TypeError(
            f"The layer {name} needs a floating-point input; received {x.dtype} of shape {x.shape}: write "
            "x.astype(jnp.float32)."
        )


def check_restored(name: str, what: str, value: jax.Array, shape: tuple[int, ...]) -> None:
    """Raises an error where a checkpoint of another layer was loaded."""
    if value.shape != shape:
        raise ActsearchError(
            f"The layer {name} needs {what} of shape {shape}; received {value.shape}: it was saved by a layer with "
            "another program or number of features; make that layer, or train this one anew."
        )


def check_trained(name: str, steps: jax.Array, x: jax.Array) -> None:
    """Raises an error for an evaluation before any training step; inside `jit` the number of steps is not known."""
    if not isinstance(steps, jax.core.Tracer) and int(steps) == 0:
        raise ActsearchError(
            f"The layer {name} has no batch statistics to evaluate an input of shape {x.shape} with: call it once with "
            "use_running_average=False, or restore its statistics."
        )

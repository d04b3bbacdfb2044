"""A program as a Flax Linen layer, for networks that are written in Linen; all it does is done by layer.py."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import linen
from jax.typing import DTypeLike

from actsearch.engine import specialize
from actsearch.language import Program
from actsearch.language.reductions import EPSILON, GROUPS
from actsearch.nn.layer import (
    check_inputs,
    check_options,
    check_restored,
    check_trained,
    initial_statistics,
    moving_average,
    norm_settings,
    run,
    split_arguments,
)


class LinenLayer(linen.Module):
    """A program as a Flax Linen layer: `actsearch.nn.Layer`, which says what it computes, with Linen's interface.

    The number of features is that of the first input. The collection "params" holds the trainable parameters by their
    names; "batch_stats" holds `statistics` and `steps` where there are batch reductions, and must be mutable in
    training: `y, changed = layer.apply(variables, x, mutable=["batch_stats"])`. `init` leaves the statistics at their
    start.

    Args:
      program: what the layer computes.
      groups: most groups of features in group reductions, at least 1.
      epsilon: added inside every root of a reduction, at least 0.
      momentum: of the moving averages, from 0 up to but not including 1.
      dtype: floating-point, of the result; None for what the input and the parameters promote to.
      param_dtype: floating-point, of the parameters.
      axis_name: name of a mapped axis over which statistics over the batch are averaged; not while initialising.
      axis_index_groups: groups of indices of that axis which average among themselves; None for one group of all.

    Raises:
      ActsearchError: as `actsearch.nn.Layer`, when the layer is called. Linen itself refuses a parameter of the program
        that has the name of an attribute of the module, such as `groups`.

    Example:
      >>> import jax, jax.numpy as jnp, actsearch
      >>> layer = LinenLayer(actsearch.parse("x * sigmoid(v * x) / batch_std(x)"))
      >>> variables = layer.init(jax.random.key(0), jnp.ones((2, 8, 8, 3)))
      >>> jax.tree.map(jnp.shape, variables)["batch_stats"]
      {'statistics': (1, 3), 'steps': ()}
    """

    program: Program
    groups: int = GROUPS
    epsilon: float = EPSILON
    momentum: float = 0.9
    dtype: DTypeLike | None = None
    param_dtype: DTypeLike = jnp.float32
    axis_name: str | None = None
    axis_index_groups: Sequence[Sequence[int]] | None = None

    @linen.compact
    def __call__(
        self,
        x: jax.typing.ArrayLike,
        y: jax.typing.ArrayLike | bool | None = None,
        use_running_average: bool = False,
        *,
        mask: jax.Array | None = None,
    ) -> jax.Array:
        """Computes the program, and updates the statistics in training; arguments as those of `actsearch.nn.Layer`."""
        second, flag = split_arguments(y, use_running_average)
        x, candidate = jnp.asarray(x), specialize(self.program)
        name, features = candidate.name, x.shape[-1] if x.ndim else 1
        check_options(name, features, self.groups, self.epsilon, self.momentum, self.dtype, self.param_dtype)
        inputs = check_inputs(name, candidate.inputs, features, x, second)
        axis_name = None if self.is_initializing() else self.axis_name
        settings = norm_settings(self.groups, self.epsilon, axis_name, self.axis_index_groups)
        parameters = {
            key: self._parameter(key, value, candidate.shape_of(key, features))
            for key, value in candidate.parameters.items()
        }
        if not candidate.moments:
            return run(name, candidate.function, inputs, parameters, None, settings, mask, self.dtype)[0]
        initial = initial_statistics(candidate.moments, features, self.param_dtype)
        statistics = self.variable("batch_stats", "statistics", lambda: initial)
        steps = self.variable("batch_stats", "steps", lambda: jnp.int32(0))
        check_restored(name, "statistics", statistics.value, initial.shape)
        if flag and not self.is_initializing():
            check_trained(name, steps.value, x)
        moving = statistics.value if flag else None
        value, moments = run(name, candidate.function, inputs, parameters, moving, settings, mask, self.dtype)
        if not flag and not self.is_initializing():
            statistics.value = moving_average(statistics.value, moments, self.momentum)
            steps.value += 1
        return value

    def _parameter(self, key: str, initial: float, shape: tuple[int, ...]) -> jax.Array:
        if self.has_variable("params", key):  # our message comes before Linen's
            check_restored(str(self.program), f"parameter {key}", self.get_variable("params", key), shape)
        return self.param(key, linen.initializers.constant(initial), shape, self.param_dtype)

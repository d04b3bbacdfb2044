"""A program as a Flax Linen layer, for networks that are written in Linen; all it does is done by layer.py."""

import jax
import jax.numpy as jnp
from flax import linen

from actsearch.engine import NormSettings, specialize
from actsearch.language import Program
from actsearch.language.reductions import EPSILON, GROUPS
from actsearch.nn.layer import (
    check_input,
    check_options,
    check_restored,
    check_trained,
    initial_statistics,
    moving_average,
    run,
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

    Raises:
      ValueError: as `actsearch.nn.Layer`, when the layer is called. Linen itself refuses a parameter of the program
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

    @linen.compact
    def __call__(self, x: jax.Array, use_running_average: bool = False) -> jax.Array:
        candidate, settings = specialize(self.program), NormSettings(self.groups, self.epsilon)
        name, features = candidate.name, x.shape[-1] if x.ndim else 1
        check_options(name, features, self.groups, self.epsilon, self.momentum)
        check_input(name, features, x)
        parameters = {key: self._parameter(key, value, features) for key, value in candidate.parameters.items()}
        if not candidate.moments:
            return run(name, candidate.function, x, parameters, None, settings)[0]
        initial = initial_statistics(jnp.asarray(candidate.moments, float), features)
        statistics = self.variable("batch_stats", "statistics", lambda: initial)
        steps = self.variable("batch_stats", "steps", lambda: jnp.int32(0))
        check_restored(name, "statistics", statistics.value, initial.shape)
        if use_running_average:
            if not self.is_initializing():
                check_trained(name, steps.value, x)
            return run(name, candidate.function, x, parameters, statistics.value, settings)[0]
        y, moments = run(name, candidate.function, x, parameters, None, settings)
        if not self.is_initializing():
            statistics.value = moving_average(statistics.value, moments, self.momentum)
            steps.value += 1
        return y

    def _parameter(self, key: str, initial: float, features: int) -> jax.Array:
        if self.has_variable("params", key):  # our message comes before Linen's
            check_restored(str(self.program), f"parameter {key}", self.get_variable("params", key), (features,))
        return self.param(key, linen.initializers.constant(initial), (features,))

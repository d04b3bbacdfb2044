"""A program as a JAX function of its own: XLA sees the formula. For long training, for export, and for people."""

import functools
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import jax
import jax.numpy as jnp

from actsearch.language import PRIMITIVES, Program, reductions


class Reductions(NamedTuple):
    """How reductions are computed: most groups of features, and what is added inside their roots."""

    groups: int = reductions.GROUPS
    epsilon: float = reductions.EPSILON


class Candidate(NamedTuple):
    """A program as a network sees it, whichever engine runs it.

    Attributes:
      name: for messages.
      parameters: initial value of each trainable parameter, by key.
      moments: initial value of each moving average, [averages]: one for each batch reduction.
      function: (x [..., channels], {key: value}, moving averages [averages, channels] or None, Reductions) -> an array
        like `x`, and the moments that were used, [averages, channels]: the batch's own where `None` was given.
    """

    name: str
    parameters: Mapping[str, float]
    moments: Sequence[float] | jax.Array
    function: Callable[[jax.Array, Mapping[str, jax.Array], jax.Array | None, Reductions], tuple[jax.Array, jax.Array]]


@functools.lru_cache(maxsize=1024)
def specialize(program: Program) -> Candidate:
    """Returns a program as a Candidate of its own, the same one for equal programs: Flax compares layers by it."""

    def function(x, parameters, moving, settings):
        return evaluate_layer(program, {"x": x}, parameters, moving, settings)

    return Candidate(str(program), dict(program.parameters), initial_moments(program), function)


def initial_moments(program: Program) -> tuple[float, ...]:
    """Returns the initial moving averages of a program: 0 for a mean, 1 for a variance or a mean square."""
    return tuple(0.0 if name.endswith("_mean") else 1.0 for name in program.batch_reductions)


def to_function(
    program: Program, *, groups: int = reductions.GROUPS, epsilon: float = reductions.EPSILON
) -> Callable[..., jax.Array]:
    """Returns `f(x, **parameters)`, the program as a pure JAX function.

    Args:
      program: reads the input `x`. Its batch reductions use the statistics of the batch, as in training;
        `actsearch.nn.Layer` keeps moving averages for evaluation.
      groups: most groups of channels, for group reductions.
      epsilon: added inside the roots of reductions.

    Returns:
      A function of `x`, a floating-point array [..., channels], or [batch, ..., channels] where there are reductions,
      and of the program's trainable parameters by name: scalars or arrays that broadcast against `x` from the last
      axis. A parameter left out has its initial value. The result has the shape and dtype of `x`. It may be
      transformed by `jit`, `grad` and `vmap`.

    Raises:
      TypeError: on a call, for an `x` that is not floating-point, or a parameter that the program does not have.

    Example:
      >>> import jax.numpy as jnp, actsearch
      >>> swish = actsearch.to_function(actsearch.parse("x * sigmoid(beta * x)"))
      >>> bool(swish(jnp.float32(2.0)) == swish(jnp.float32(2.0), beta=1.0))
      True
    """
    initial, settings = dict(program.parameters), Reductions(groups, epsilon)

    def function(x: jax.Array, **parameters: jax.Array) -> jax.Array:
        unknown = parameters.keys() - initial.keys()
        if unknown:
            known = ", ".join(initial) or "none"
            raise TypeError(f"{program} has no parameter {sorted(unknown)[0]!r}; its trainable parameters: {known}.")
        x = jnp.asarray(x)
        if not jnp.issubdtype(x.dtype, jnp.floating):
            raise TypeError(f"{program} needs a floating-point x; received {x.dtype}: write x.astype(jnp.float32).")
        return evaluate_layer(program, {"x": x}, {**initial, **parameters}, None, settings)[0]

    return function


def evaluate(
    program: Program,
    inputs: Mapping[str, jax.Array],
    parameters: Mapping[str, jax.Array | float],
    functions: Mapping[str, Callable[..., jax.Array]] = MappingProxyType({}),
) -> jax.Array:
    """Evaluates a program on named inputs of one shape and dtype.

    Args:
      program: what to evaluate.
      inputs: `x`, and `y` where the program reads it.
      parameters: every trainable parameter; broadcast to the inputs from the last axis.
      functions: what computes a primitive, where it is not the table's own function.
    """
    like = next(iter(inputs.values()))
    values: list[jax.Array] = []
    for op, args, payload in program.nodes:
        if args:
            function = functions.get(op) or PRIMITIVES[op].function
            values.append(function(*(values[arg] for arg in args)))
        elif op == "input":
            values.append(inputs[str(payload)])
        else:
            leaf = payload if op == "constant" else parameters[str(payload)]
            values.append(jnp.broadcast_to(jnp.asarray(leaf, like.dtype), like.shape))
    return values[-1]


def evaluate_layer(
    program: Program,
    inputs: Mapping[str, jax.Array],
    parameters: Mapping[str, jax.Array | float],
    moving: jax.Array | None,
    settings: Reductions,
) -> tuple[jax.Array, jax.Array]:
    """Evaluates a program, its batch reductions on the batch or on moving averages of their moments.

    Args:
      program: what to evaluate.
      inputs: as for `evaluate`.
      parameters: as for `evaluate`.
      moving: moments to use in the place of the batch's, [batch reductions, channels]; None for the batch's own.
      settings: groups and epsilon.

    Returns:
      The value, and the moments that were used, float32 [batch reductions, channels], in topological order.
    """
    used: list[jax.Array] = []
    wide = jnp.promote_types(next(iter(inputs.values())).dtype, jnp.float32)

    def batch(name: str, x: jax.Array) -> jax.Array:
        moment = reductions.moment(name, x) if moving is None else moving[len(used)]
        used.append(moment.astype(wide))
        return reductions.spread(name, moment, x, settings.epsilon)

    here = {name: functools.partial(reductions.reduce, name, **settings._asdict()) for name in set(program.reductions)}
    here |= {name: functools.partial(batch, name) for name in program.batch_reductions}
    value = evaluate(program, inputs, parameters, here)
    features = value.shape[-1:] or (1,)
    return value, jnp.stack(used) if used else jnp.zeros((0, *features), wide)

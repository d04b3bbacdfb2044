"""A program as a JAX function of its own: XLA sees the formula. For long training, for export, and for people."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp

from actsearch.language import PRIMITIVES, Program

_FUNCTIONS = {name: row.function for name, row in PRIMITIVES.items()}


class Activation(NamedTuple):
    """A candidate as a network sees it, whichever engine runs it.

    Attributes:
      name: for messages.
      parameters: initial value of each trainable parameter, by key.
      function: (x [..., channels], {key: value}) -> an array like `x`.
    """

    name: str
    parameters: Mapping[str, float]
    function: Callable[[jax.Array, Mapping[str, jax.Array]], jax.Array]


def specialize(program: Program) -> Activation:
    """Returns a program as an Activation of its own."""
    function = to_function(program)
    return Activation(str(program), dict(program.parameters), lambda x, parameters: function(x, **parameters))


def to_function(program: Program) -> Callable[..., jax.Array]:
    """Returns `f(x, **parameters)`, the program as a pure JAX function.

    Args:
      program: reads the input `x`.

    Returns:
      A function of `x`, a floating-point array [..., channels], and the program's trainable parameters by name:
      scalars or arrays that broadcast against `x` from the last axis. A parameter left out has its initial value. The
      result has the shape and dtype of `x`. It may be transformed by `jit`, `grad` and `vmap`.

    Raises:
      TypeError: on a call, for an `x` that is not floating-point, or a parameter that the program does not have.

    Example:
      >>> import jax.numpy as jnp, actsearch
      >>> swish = actsearch.to_function(actsearch.parse("x * sigmoid(beta * x)"))
      >>> bool(swish(jnp.float32(2.0)) == swish(jnp.float32(2.0), beta=1.0))
      True
    """
    initial = dict(program.parameters)

    def function(x: jax.Array, **parameters: jax.Array) -> jax.Array:
        unknown = parameters.keys() - initial.keys()
        if unknown:
            known = ", ".join(initial) or "none"
            raise TypeError(f"{program} has no parameter {sorted(unknown)[0]!r}; its trainable parameters: {known}.")
        x = jnp.asarray(x)
        if not jnp.issubdtype(x.dtype, jnp.floating):
            raise TypeError(f"{program} needs a floating-point x; received {x.dtype}: write x.astype(jnp.float32).")
        return evaluate(program, {"x": x}, {**initial, **parameters})

    return function


def evaluate(
    program: Program,
    inputs: Mapping[str, jax.Array],
    parameters: Mapping[str, jax.Array | float],
    functions: Mapping[str, Callable[..., jax.Array]] = _FUNCTIONS,
) -> jax.Array:
    """Evaluates a program on named inputs of one shape and dtype.

    Args:
      program: what to evaluate.
      inputs: `x`, and `y` where the program reads it.
      parameters: every trainable parameter; broadcast to the inputs from the last axis.
      functions: what computes each primitive, when not the table's own functions.
    """
    like = next(iter(inputs.values()))
    values: list[jax.Array] = []
    for op, args, payload in program.nodes:
        if args:
            values.append(functions[op](*(values[arg] for arg in args)))
        elif op == "input":
            values.append(inputs[str(payload)])
        else:
            leaf = payload if op == "constant" else parameters[str(payload)]
            values.append(jnp.broadcast_to(jnp.asarray(leaf, like.dtype), like.shape))
    return values[-1]

"""A program as a JAX function of its own: XLA sees the formula. For long training, for export, and for people."""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType

import jax
import jax.numpy as jnp

from actsearch.engine.function import LayerFunction, NormSettings
from actsearch.language import PRIMITIVES, ActsearchError, Program, reductions


@dataclasses.dataclass(frozen=True)
class Specialized:
    """The function of one program, as `LayerFunction` describes it; equal programs make equal functions.

    Flax compares layers by their functions, so that equality decides whether `jit` traces again.
    """

    program: Program

    def __call__(
        self,
        x: jax.Array,
        parameters: Mapping[str, jax.Array],
        moving: jax.Array | None,
        settings: NormSettings,
        mask: jax.Array | None = None,
        y: jax.Array | None = None,
    ) -> tuple[jax.Array, jax.Array]:
        inputs = {"x": x} if y is None else {"x": x, "y": y}
        return evaluate_layer(self.program, inputs, parameters, moving, settings, mask)


def specialize(program: Program) -> LayerFunction:
    """Returns a program as a LayerFunction of its own: XLA sees the formula."""
    parameters, moments = dict(program.parameters), initial_moments(program)
    return LayerFunction(str(program), parameters, moments, Specialized(program), program.arguments, program.shared)


def initial_moments(program: Program) -> tuple[float, ...]:
    """Returns the initial moving averages of a program: 0 for a mean, 1 for a variance or a mean square."""
    return tuple(reduction.initial_moment for reduction in program.batch_reductions)


@dataclasses.dataclass(frozen=True)
class ProgramFunction:
    """A program as a plain JAX function; see `to_function`. Hashable, and it pickles."""

    program: Program
    settings: NormSettings

    def __call__(
        self, /, x: jax.typing.ArrayLike, y: jax.typing.ArrayLike | None = None, **parameters: jax.typing.ArrayLike
    ) -> jax.Array:
        program, initial = self.program, dict(self.program.parameters)
        unknown = parameters.keys() - initial.keys()
        if unknown:
            known = ", ".join(initial) or "none"
            raise TypeError(f"{program} has no parameter {min(unknown)!r}; its trainable parameters: {known}.")
        check_count(str(program), program.arguments, y)
        inputs = {"x": jnp.asarray(x)} if y is None else {"x": jnp.asarray(x), "y": jnp.asarray(y)}
        for name, value in inputs.items():
            if not jnp.issubdtype(value.dtype, jnp.floating):
                raise TypeError(
                    f"{program} needs a floating-point {name}; received {value.dtype}: write "
                    f"{name}.astype(jnp.float32)."
                )
        check_shapes(str(program), *inputs.values())
        dtype = jnp.result_type(*inputs.values())
        inputs = {name: value.astype(dtype) for name, value in inputs.items()}
        return evaluate_layer(program, inputs, {**initial, **parameters}, None, self.settings)[0]


def check_count(name: str, arguments: tuple[str, ...], y: object) -> None:
    """Raises an error where the second input is missing, or is one too many."""
    if y is None and "y" in arguments:
        raise ActsearchError(f"{name} takes two inputs, x and y; received x alone: pass both.")
    if y is not None and "y" not in arguments:
        raise ActsearchError(f"{name} takes one input, x; received a second one: pass x alone.")


def check_shapes(name: str, x: jax.Array, y: jax.Array | None = None) -> None:
    """Raises an error where two inputs differ in shape."""
    if y is not None and x.shape != y.shape:
        raise ActsearchError(f"{name} takes x and y of one shape; received {x.shape} and {y.shape}.")


def to_function(
    program: Program, *, groups: int = reductions.GROUPS, epsilon: float = reductions.EPSILON
) -> ProgramFunction:
    """Returns `f(x, **parameters)`, or `f(x, y, **parameters)` of a gate: the program as a pure JAX function.

    Args:
      program: reads the input `x`, in a gate `y` too. Its batch reductions use the statistics of the batch, as in
        training; `actsearch.nn.Layer` keeps moving averages for evaluation.
      groups: most groups of channels, for group reductions.
      epsilon: added inside the roots of reductions.

    Returns:
      A function of `x`, a floating-point array [..., channels], or [batch, ..., channels] where there are reductions;
      in a gate of `y` too, an array like `x`; and of the program's trainable parameters by name: scalars or arrays
      that broadcast against `x` from the last axis. A parameter left out has its initial value. The result has the
      shape and dtype of `x`, or the dtype that `x` and `y` promote to. It may be transformed by `jit`, `grad` and
      `vmap`; it pickles, and equal programs give equal functions.

    Raises:
      ActsearchError: on a call, where `y` is missing, is one too many or has another shape than `x`.
      TypeError: on a call, for an input that is not floating-point, or a parameter that the program does not have.

    Example:
      >>> import jax.numpy as jnp, actsearch
      >>> swish = actsearch.to_function(actsearch.parse("x * sigmoid(beta * x)"))
      >>> bool(swish(jnp.float32(2.0)) == swish(jnp.float32(2.0), beta=1.0))
      True
      >>> reglu = actsearch.to_function(actsearch.parse("relu(x) * y", inputs=("x", "y")))
      >>> float(reglu(jnp.float32(2.0), jnp.float32(3.0)))
      6.0
    """
    return ProgramFunction(program, NormSettings(groups, epsilon))


def evaluate(
    program: Program,
    inputs: Mapping[str, jax.Array],
    parameters: Mapping[str, jax.typing.ArrayLike],
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
    parameters: Mapping[str, jax.typing.ArrayLike],
    moving: jax.Array | None,
    settings: NormSettings,
    mask: jax.Array | None = None,
) -> tuple[jax.Array, jax.Array]:
    """Evaluates a program, its batch reductions on the batch or on moving averages of their moments.

    A program with reductions is computed in float32 or wider and rounded last: statistics that are rounded before they
    are used leave, at a mean of 100 in bfloat16, channels whose mean is up to 0.27.

    Args:
      program: what to evaluate.
      inputs: as for `evaluate`.
      parameters: as for `evaluate`.
      moving: moments to use in the place of the batch's, [batch reductions, channels]; None for the batch's own.
      settings: how statistics are computed.
      mask: boolean, broadcastable to the inputs, the positions that statistics over the batch count; None for all.

    Returns:
      The value, in shape and dtype as the inputs, and the moments that were used, float32 or wider
      [batch reductions, channels], in topological order.
    """
    dtype = next(iter(inputs.values())).dtype
    wide = jnp.promote_types(dtype, jnp.float32)
    if program.reductions:
        inputs = {name: x.astype(wide) for name, x in inputs.items()}
    used: list[jax.Array] = []

    def own_moment(reduction: reductions.Reduction, x: jax.Array) -> jax.Array:
        axis, groups = settings.axis_name, settings.axis_index_groups
        return reductions.moment(reduction, x, mask=mask, axis_name=axis, axis_index_groups=groups)

    def over_batch(reduction: reductions.Reduction, x: jax.Array) -> jax.Array:
        moment = own_moment(reduction, x) if moving is None else moving[len(used)]
        used.append(moment.astype(wide))
        return reductions.spread(reduction, moment, x, settings.epsilon)

    def alone(reduction: reductions.Reduction, x: jax.Array) -> jax.Array:
        return reductions.reduce(reduction, x, settings.groups, settings.epsilon)

    computed_by = {
        reduction.name: functools.partial(over_batch if reduction.over_batch else alone, reduction)
        for reduction in program.reductions
    }
    value = evaluate(program, inputs, parameters, computed_by).astype(dtype)
    features = value.shape[-1:] or (1,)
    return value, jnp.stack(used) if used else jnp.zeros((0, *features), wide)

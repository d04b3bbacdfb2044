"""Banks: several programs in one compiled function, side by side; under `vmap` each lane runs a program of its own.

A network that is batched over candidates computes its own layers once for all of them, as one batched product each. Its
candidates are formulas, which cannot be batched: they are written out, program after program, each on its lane's slice.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_batching import custom_vmap

from actsearch.engine.formula import evaluate_layer
from actsearch.engine.function import LayerFunction, NormSettings
from actsearch.engine.interpretation import interpret, parameter_keys
from actsearch.language import Program
from actsearch.spaces.template import Template

Value = tuple[jax.Array, jax.Array]
Named = Mapping[str, jax.Array]
Branch = Callable[..., Any]


def bank(programs: Sequence[Program], number: jax.Array, lanes: int = 1) -> LayerFunction:
    """Returns the program of a traced number, as a LayerFunction.

    Under `vmap` over the number, with `lanes` of them, lane k runs one of the programs k, k + lanes, k + 2 * lanes, and
    so on, and no other is computed: all lanes are at the same place of these rows. So the numbers of one call are
    `place * lanes + arange(lanes)`, and any of them may be 0 where nobody reads that lane's outcome.

    Its parameters are those of all programs; the ones that a program does not use get no gradient.

    Args:
      programs: the bank. Where their number is not a multiple of `lanes`, the last one fills it up.
      number: int32, of a program.
      lanes: size of the `vmap` that it will be under; 1 for none.

    Example:
      >>> import actsearch
      >>> programs = [actsearch.parse("relu(x)"), actsearch.parse("x * x")]
      >>> def relu_or_square(number, x):
      ...     return bank(programs, number, lanes=2).function(x, {}, None, NormSettings())[0]
      >>> jax.vmap(relu_or_square)(jnp.arange(2), jnp.array([[-3.0], [-3.0]]))
      Array([[0.],
             [9.]], dtype=float32)
    """
    filled = (*programs, *[programs[-1]] * (-len(programs) % lanes))
    candidate = interpret(Template.bank(filled), number[None])
    return candidate._replace(name="bank", function=Banked(filled, lanes, number))


@dataclasses.dataclass(frozen=True, eq=False)
class Banked:
    """The function of the program of a traced number, as `LayerFunction` describes it; equal to itself alone."""

    programs: tuple[Program, ...]
    lanes: int
    number: jax.Array

    def __call__(
        self,
        x: jax.Array,
        parameters: Mapping[str, jax.Array],
        moving: jax.Array | None,
        settings: NormSettings,
        mask: jax.Array | None = None,
        y: jax.Array | None = None,
    ) -> Value:
        inputs = {"x": x} if y is None else {"x": x, "y": y}
        run = _runner(self.programs, self.lanes, settings)
        return run(self.number, inputs, dict(parameters), moving, mask)


@functools.lru_cache(maxsize=64)
def _runner(programs: tuple[Program, ...], lanes: int, settings: NormSettings) -> Callable[..., Value]:
    """Returns (number, inputs, parameters, moving, mask) -> (value, moments), with a reverse pass.

    Both passes have a rule for `vmap`, which has no reverse pass of its own. The reverse pass keeps the arguments alone
    and computes each program again.
    """
    most = max(len(program.batch_reductions) for program in programs)
    evaluate = [functools.partial(_evaluate, program, most, settings) for program in programs]
    # With `jit` each program is traced once for all sites of one shape.
    forward = _side_by_side([jax.jit(function) for function in evaluate], lanes)
    reverse = _side_by_side([jax.jit(functools.partial(_reverse, function)) for function in evaluate], lanes)

    @jax.custom_vjp
    def run(number: jax.Array, *arguments: Any) -> Value:
        value: Value = forward(number, *arguments)
        return value

    def run_forward(*arguments: Any) -> tuple[Value, Any]:
        return forward(*arguments), arguments

    def run_backward(arguments: Any, gradients: Value) -> tuple[Any, ...]:
        # The moments feed moving averages alone, which nothing is trained through.
        moving = arguments[3]
        d_moving = None if moving is None else jnp.zeros_like(moving)
        return None, *reverse(*arguments, gradients[0]), d_moving, None

    run.defvjp(run_forward, run_backward)
    return run


def _evaluate(
    program: Program,
    most: int,
    settings: NormSettings,
    inputs: Named,
    parameters: Named,
    moving: jax.Array | None,
    mask: jax.Array | None,
) -> Value:
    """Returns a program's value, and its moments filled up to those of the program that has most."""
    keys = parameter_keys(Template.bank([program]))
    values = {name: parameters[key] for (name, _), key in zip(program.parameters, keys, strict=True)}
    count = len(program.batch_reductions)
    averages = None if moving is None else moving[:count]
    value, used = evaluate_layer(program, inputs, values, averages, settings, mask)
    return value, jnp.pad(used, ((0, most - count), (0, 0)))


def _reverse(
    evaluate: Branch,
    inputs: Named,
    parameters: Named,
    moving: jax.Array | None,
    mask: jax.Array | None,
    gradient: jax.Array,
) -> tuple[Any, Any]:
    """Returns the gradients of the inputs and of every parameter."""
    gradients: tuple[Any, Any] = jax.vjp(
        lambda inputs, parameters: evaluate(inputs, parameters, moving, mask)[0], inputs, parameters
    )[1](gradient)
    return gradients


def _side_by_side(branches: Sequence[Branch], lanes: int) -> Branch:
    """Returns (number, *arguments) -> what the branch of that number gives; see `bank` for what `vmap` makes of it."""
    places = [functools.partial(_each_its_own, branches[i : i + lanes]) for i in range(0, len(branches), lanes)]

    @custom_vmap
    def run(number: jax.Array, *arguments: Any) -> Any:
        return _switch(branches, number, *arguments)

    @run.def_vmap
    def side_by_side(size: int, batched: Any, numbers: jax.Array, *arguments: Any) -> tuple[Any, Any]:
        filled = jax.tree.map(
            lambda leaf, has: leaf if has else jnp.broadcast_to(leaf, (size, *leaf.shape)),
            arguments,
            tuple(batched[1:]),
        )
        results = _switch(places, jnp.max(numbers) // lanes, *filled)
        return results, jax.tree.map(lambda _: True, results)

    return run


def _each_its_own(branches: Sequence[Branch], *arguments: Any) -> Any:
    """Returns the results of branches, each on its slice of the arguments, stacked."""
    slices = [jax.tree.map(lambda leaf, k=k: leaf[k], arguments) for k in range(len(branches))]
    results = [branch(*own) for branch, own in zip(branches, slices, strict=True)]
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *results)


def _switch(branches: Sequence[Branch], number: jax.Array, *arguments: Any) -> Any:
    return branches[0](*arguments) if len(branches) == 1 else lax.switch(number, branches, *arguments)

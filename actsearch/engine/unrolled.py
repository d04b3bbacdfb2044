"""The interpreter of short templates: slot after slot, each one switch over its options with a reverse pass of its own.

Where each operand can be read from one register alone, there is nothing to look up: no loop over slots, no array of
registers. A step of training is then about as fast as the specialised program's, and compiles sooner than the loop of
`machine`, which serves all other templates.
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.custom_batching import sequential_vmap
from numpy.typing import NDArray

from actsearch.engine.codes import Code, Tables, make_tables
from actsearch.engine.formula import evaluate_layer
from actsearch.engine.function import NormSettings
from actsearch.language import Program
from actsearch.spaces.template import Slot, Template

Parameters = tuple[jax.Array, ...]
Moving = jax.Array | None
Value = tuple[jax.Array, jax.Array]
Operands = tuple[jax.Array, ...]


def is_short(template: Template) -> bool:
    """Returns whether a template is run unrolled: every operand reads one register, whatever the choices are."""
    return all(len(registers) == 1 for slot in template.slots for registers in slot.operands)


class Step(NamedTuple):
    """One slot of the unrolled program.

    Attributes:
      place: number in the slot of each of the template's distinct options, int32 [options]; 0 for those of others.
      dead: number of the branch that computes nothing, for a slot that the output may not need; None where it does.
      run: (branch, operands, parameters, moving) -> (value, moments), with its reverse pass.
    """

    place: NDArray[np.int32]
    dead: int | None
    run: Callable[..., Value]


@functools.lru_cache(maxsize=64)
def get_unrolled(template: Template, settings: NormSettings, together: bool = False) -> "Unrolled":
    """Returns the unrolled form of a template, the same object each time, for the last 64 that were asked for."""
    return Unrolled(template, settings, together)


@dataclasses.dataclass(frozen=True)
class Unrolled:
    """Runs the code of any program of a short template; the contract is that of `machine.Machine`.

    Attributes:
      template: the slots.
      settings: how reductions are computed.
      together: whether `vmap` runs candidates side by side, each through every branch. Else it runs them one after
        another, so that no batched choice reaches a switch.
    """

    template: Template
    settings: NormSettings
    together: bool = False

    def __call__(self, code: Code, inputs: Operands, parameters: Parameters, moving: Moving) -> Value:
        """Returns the value and the moments used.

        A template with reductions runs in float32 or wider and is rounded last, as a specialised program is.
        """
        reduces = any(program.reductions for program in self.tables.programs)
        shape, dtype = inputs[0].shape, inputs[0].dtype
        # Of more than two axes, elementwise functions compile and run slower.
        features = shape[-1:] or (1,)
        wide = jnp.promote_types(dtype, jnp.float32)
        registers = [x.astype(wide) if reduces else x.reshape(-1, *features) for x in inputs]
        rows, live, moments = self.tables.averages, jnp.argsort(code.order) < code.live, []
        for number, (slot, step) in enumerate(zip(self.template.slots, self._steps, strict=True)):
            branch = jnp.asarray(step.place)[code.options[number]]
            if step.dead is not None:
                branch = jnp.where(live[number], branch, step.dead)
            operands = tuple(registers[register] for (register,) in slot.operands) or (registers[0],)
            averages = None if moving is None else moving[number * rows : (number + 1) * rows]
            value, used = step.run(branch, operands, parameters, averages)
            registers.append(value)
            moments.append(used)
        return registers[-1].astype(dtype).reshape(shape), jnp.concatenate(moments)

    @functools.cached_property
    def tables(self) -> Tables:
        """The template's tables."""
        return make_tables(self.template)

    @functools.cached_property
    def _steps(self) -> tuple[Step, ...]:
        needed = _needed(self.template)
        return tuple(self._step(slot, number in needed) for number, slot in enumerate(self.template.slots))

    def _step(self, slot: Slot, needed: bool) -> Step:
        options = slot.options
        place = [options.index(program) if program in options else 0 for program in self.tables.programs]
        forward: list[Callable[..., Any]] = [functools.partial(self._evaluate, program) for program in options]
        reverse: list[Callable[..., Any]] = [functools.partial(self._reverse, program) for program in options]
        if not needed:
            forward.append(self._nothing)
            reverse.append(self._no_gradient)
        run = _with_reverse(self._switch(forward), self._switch(reverse))
        return Step(np.array(place, np.int32), None if needed else len(options), run)

    def _switch(self, branches: Sequence[Callable[..., Any]]) -> Callable[..., Any]:
        """Returns (branch, *arguments) -> what that branch returns."""
        chosen = jax.jit(functools.partial(_switch, branches), inline=True)
        return chosen if self.together else sequential_vmap(chosen)  # type: ignore[no-untyped-call]

    def _evaluate(self, program: Program, operands: Operands, parameters: Parameters, moving: Moving) -> Value:
        """Returns an option's value, and its moments filled up to the number of each slot."""
        places = self.template.places(program)
        values = {name: parameters[i] for (name, _), i in zip(program.parameters, places, strict=True)}
        read = dict(zip("xy", operands, strict=False))
        count, most = len(program.batch_reductions), self.tables.averages
        averages = None if moving is None else moving[:count]
        value, used = evaluate_layer(program, read, values, averages, self.settings)
        return value, jnp.pad(used, ((0, most - count), (0, 0)))

    def _reverse(
        self, program: Program, operands: Operands, parameters: Parameters, moving: Moving, gradient: jax.Array
    ) -> tuple[Operands, Parameters]:
        """Returns the gradients of the operands and of every parameter; the operands alone were kept."""

        def value(operands: Operands, parameters: Parameters) -> jax.Array:
            return self._evaluate(program, operands, parameters, moving)[0]

        gradients: tuple[Operands, Parameters] = jax.vjp(value, operands, parameters)[1](gradient)
        return gradients

    def _nothing(self, operands: Operands, parameters: Parameters, moving: Moving) -> Value:
        x = operands[0]
        wide = jnp.promote_types(x.dtype, jnp.float32)
        return jnp.zeros_like(x), jnp.zeros((self.tables.averages, *(x.shape[-1:] or (1,))), wide)

    def _no_gradient(
        self, operands: Operands, parameters: Parameters, moving: Moving, gradient: jax.Array
    ) -> tuple[Operands, Parameters]:
        zeros: tuple[Operands, Parameters] = jax.tree.map(jnp.zeros_like, (operands, parameters))
        return zeros


def _switch(branches: Sequence[Callable[..., Any]], branch: jax.Array, *arguments: Any) -> Any:
    return branches[0](*arguments) if len(branches) == 1 else lax.switch(branch, branches, *arguments)


def _with_reverse(forward: Callable[..., Value], reverse: Callable[..., Any]) -> Callable[..., Value]:
    """Returns `forward` with a reverse pass; autodiff of a switch would keep the union of all branches' residuals."""

    @jax.custom_vjp
    def run(branch: jax.Array, operands: Operands, parameters: Parameters, moving: Moving) -> Value:
        return forward(branch, operands, parameters, moving)

    def run_forward(*arguments: Any) -> tuple[Value, Any]:
        return forward(*arguments), arguments

    def run_backward(arguments: Any, gradients: Value) -> tuple[Any, ...]:
        # The moments feed moving averages alone, which nothing is trained through.
        moving = arguments[3]
        return None, *reverse(*arguments, gradients[0]), None if moving is None else jnp.zeros_like(moving)

    run.defvjp(run_forward, run_backward)
    return run


def _needed(template: Template) -> set[int]:
    """Returns the numbers of the slots that the output needs, whatever the choices are."""
    last, inputs = len(template.slots) - 1, len(template.inputs)
    needed = {last}
    for number in range(last, -1, -1):
        if number in needed:
            slot = template.slots[number]
            for name, (register,) in zip("xy", slot.operands, strict=False):
                if register >= inputs and all(name in option.inputs for option in slot.options):
                    needed.add(register - inputs)
    return needed

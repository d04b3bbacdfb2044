"""The interpreter's machine: runs the code of any program of a template, with a reverse pass written by hand.

A loop runs the live slots with one `lax.switch` over the options of all slots, each of which XLA compiles as if it
stood alone; dead slots cost nothing. Autodiff through `switch` would store the union of all branches' residuals; here
the inputs alone are kept, the registers are computed again, and a second loop runs backwards with one adjoint a
register.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterable, Mapping
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
from actsearch.spaces.template import Template

Inputs = tuple[jax.Array, ...]
"""One array for each of `template.inputs`, of one shape and dtype."""

Parameters = tuple[jax.Array, ...]
"""One array [features], a shared one [], for each row of `template.parameters`."""

Moving = jax.Array | None
"""Moments in the place of the batch's, [slots * averages, features]; None for the batch's own."""

Value = tuple[jax.Array, jax.Array]
"""An array like an input, and the moments used."""


class Branches(NamedTuple):
    """The options of some slots as branches of a switch.

    Attributes:
      place: branch of each of the template's distinct options, int32 [options]; 0 where it is none of these slots'.
      forward: (registers, operands, parameters, moving) -> (value, moments).
      reverse: (registers, operands, parameters, moving, gradient) -> gradients of both operands and the parameters.
    """

    place: NDArray[np.int32]
    forward: list[Callable[..., Value]]
    reverse: list[Callable[..., tuple[jax.Array, jax.Array, Parameters]]]


@dataclasses.dataclass(frozen=True)
class Machine:
    """Runs the code of any program of a template; use `get_machine`, so that equal ones are traced once.

    Attributes:
      template: the slots.
      settings: how reductions are computed.
      together: whether `vmap` runs candidates side by side, each through every branch; else one after another.
    """

    template: Template
    settings: NormSettings
    together: bool = False

    def __call__(self, code: Code, inputs: Inputs, parameters: Parameters, moving: Moving) -> Value:
        """Returns the value and the moments used.

        A template with reductions runs in float32 or wider and is rounded last, as a specialised program is.
        """
        reduces = any(program.reductions for program in self.tables.programs)
        dtype = inputs[0].dtype
        wide = tuple(x.astype(jnp.promote_types(dtype, jnp.float32)) if reduces else x for x in inputs)
        value, moments = self._run(code, wide, parameters, moving)
        return value.astype(dtype), moments

    @functools.cached_property
    def tables(self) -> Tables:
        """The template's tables."""
        return make_tables(self.template)

    @functools.cached_property
    def _run(self) -> Callable[[Code, Inputs, Parameters, Moving], Value]:
        """The function with its reverse pass."""

        def value_and_moments(code: Code, inputs: Inputs, parameters: Parameters, moving: Moving) -> Value:
            registers, moments = self._registers(code, inputs, parameters, moving)
            value, last = self._last(code, registers, parameters, moving)
            return value, jnp.concatenate([moments, last]) if last.shape[0] else moments

        batched: Callable[..., Any] = (lambda function: function) if self.together else sequential_vmap
        forward: Callable[..., Value] = batched(value_and_moments)
        backward: Callable[..., tuple[Inputs, Parameters]] = batched(self._reverse)

        @jax.custom_vjp
        def run(code: Code, inputs: Inputs, parameters: Parameters, moving: Moving) -> Value:
            return forward(code, inputs, parameters, moving)

        def run_forward(*arguments: Any) -> tuple[Value, Any]:
            return forward(*arguments), arguments

        def run_backward(arguments: Any, gradients: Value) -> tuple[Any, ...]:
            # The moments feed moving averages alone, which nothing is trained through.
            moving = arguments[3]
            return None, *backward(*arguments, gradients[0]), None if moving is None else jnp.zeros_like(moving)

        run.defvjp(run_forward, run_backward)
        return run

    def _registers(self, code: Code, inputs: Inputs, parameters: Parameters, moving: Moving) -> Value:
        """Runs the live slots but the last; returns the registers before its own [output, ...], and their moments."""
        slots, rows = len(self.template.slots), self.tables.averages
        branches, x = self._branches(range(slots - 1)), inputs[0]
        features = x.shape[-1:] or (1,)

        def step(i: jax.Array, carry: Value) -> Value:
            registers, moments = carry
            slot = code.order[i]
            averages = None if moving is None else lax.dynamic_slice_in_dim(moving, slot * rows, rows)
            option = jnp.asarray(branches.place)[code.options[slot]]
            value, used = lax.switch(option, branches.forward, registers, code.operands[slot], parameters, averages)
            registers = lax.dynamic_update_index_in_dim(registers, value, len(inputs) + slot, 0)
            return registers, lax.dynamic_update_slice_in_dim(moments, used, slot * rows, 0) if rows else moments

        registers = jnp.zeros((self.template.output, *x.shape), x.dtype)
        for register, value in enumerate(inputs):
            registers = registers.at[register].set(value)
        moments = jnp.zeros(((slots - 1) * rows, *features), jnp.promote_types(x.dtype, jnp.float32))
        return lax.fori_loop(0, code.live, step, (registers, moments)) if slots > 1 else (registers, moments)

    def _last(self, code: Code, registers: jax.Array, parameters: Parameters, moving: Moving) -> Value:
        """Runs the last slot; returns the output and its moments."""
        slot, rows = len(self.template.slots) - 1, self.tables.averages
        branches = self._branches([slot])
        averages = None if moving is None else moving[slot * rows :]
        option = jnp.asarray(branches.place)[code.options[slot]]
        value: Value = lax.switch(option, branches.forward, registers, code.operands[slot], parameters, averages)
        return value

    def _reverse(
        self, code: Code, inputs: Inputs, parameters: Parameters, moving: Moving, gradient: jax.Array
    ) -> tuple[Inputs, Parameters]:
        """Runs the slots backwards with one adjoint a register; returns the gradients of inputs and parameters."""
        slots = len(self.template.slots)
        registers, _ = self._registers(code, inputs, parameters, moving)
        back = functools.partial(self._back, code, registers, parameters, moving)
        carry = jnp.zeros_like(registers), jax.tree.map(jnp.zeros_like, parameters)
        carry = back(self._branches([slots - 1]), slots - 1, carry, gradient)
        branches = self._branches(range(slots - 1))

        def step(i: jax.Array, carry: tuple[jax.Array, Parameters]) -> tuple[jax.Array, Parameters]:
            slot = code.order[code.live - 1 - i]
            return back(branches, slot, carry, lax.dynamic_index_in_dim(carry[0], len(inputs) + slot, 0, False))

        adjoints, totals = lax.fori_loop(0, code.live, step, carry) if slots > 1 else carry
        return tuple(adjoints[register] for register in range(len(inputs))), totals

    def _back(
        self,
        code: Code,
        registers: jax.Array,
        parameters: Parameters,
        moving: Moving,
        branches: Branches,
        slot: jax.Array | int,
        carry: tuple[jax.Array, Parameters],
        gradient: jax.Array,
    ) -> tuple[jax.Array, Parameters]:
        """Adds what one slot contributes, with `gradient` that of its value, to the adjoints and to the totals."""
        adjoints, totals = carry
        rows = self.tables.averages
        averages = None if moving is None else lax.dynamic_slice_in_dim(moving, slot * rows, rows)
        option, operands = jnp.asarray(branches.place)[code.options[slot]], code.operands[slot]
        d_x, d_y, d_parameters = lax.switch(
            option, branches.reverse, registers, operands, parameters, averages, gradient
        )
        for register, more in zip(operands, (d_x, d_y), strict=True):
            old = lax.dynamic_index_in_dim(adjoints, register, 0, False)
            adjoints = lax.dynamic_update_index_in_dim(adjoints, old + more, register, 0)
        return adjoints, jax.tree.map(jnp.add, totals, d_parameters)

    def _branches(self, slots: Iterable[int]) -> Branches:
        """Returns the options of some slots as branches."""
        programs = list(dict.fromkeys(option for slot in slots for option in self.template.slots[slot].options))
        place = [programs.index(program) if program in programs else 0 for program in self.tables.programs]
        options = [Option(self, program) for program in programs]
        return Branches(
            np.array(place, np.int32), [option.forward for option in options], [option.reverse for option in options]
        )


@functools.lru_cache(maxsize=64)
def get_machine(template: Template, settings: NormSettings, together: bool = False) -> Machine:
    """Returns the machine of a template, the same object each time, for the last 64 that were asked for."""
    return Machine(template, settings, together)


@dataclasses.dataclass(frozen=True, eq=False)
class Option:
    """One option of a slot, as a branch of a switch and as its reverse pass."""

    machine: Machine
    program: Program

    def forward(self, registers: jax.Array, operands: jax.Array, parameters: Parameters, moving: Moving) -> Value:
        """Returns the value and the moments, filled up to the number of each slot."""
        return self._run(self._read(registers, operands), registers[0], parameters, moving)

    def reverse(
        self,
        registers: jax.Array,
        operands: jax.Array,
        parameters: Parameters,
        moving: Moving,
        gradient: jax.Array,
    ) -> tuple[jax.Array, jax.Array, Parameters]:
        """Returns the gradients of both operands, 0 where one is not read, and of every parameter."""

        def value(read: Mapping[str, jax.Array], parameters: Parameters) -> jax.Array:
            return self._run(read, registers[0], parameters, moving)[0]

        read = self._read(registers, operands)
        d_read, d_parameters = jax.vjp(value, read, parameters)[1](gradient)
        d_x, d_y = (d_read.get(name, jnp.zeros_like(gradient)) for name in "xy")
        return d_x, d_y, d_parameters

    def _read(self, registers: jax.Array, operands: jax.Array) -> dict[str, jax.Array]:
        # A branch reads its operands itself: outside the switch each of them would be copied.
        return {
            name: lax.dynamic_index_in_dim(registers, operands["xy".index(name)], 0, False)
            for name in self.program.inputs
        }

    def _run(self, read: Mapping[str, jax.Array], like: jax.Array, parameters: Parameters, moving: Moving) -> Value:
        """Evaluates the program on the operands by name, or on an array like `x` where it reads none."""
        places = self.machine.template.places(self.program)
        values = {name: parameters[i] for (name, _), i in zip(self.program.parameters, places, strict=True)}
        needed, most = len(self.program.batch_reductions), self.machine.tables.averages
        averages = None if moving is None else moving[:needed]
        value, used = evaluate_layer(self.program, read or {"x": like}, values, averages, self.machine.settings)
        return value, jnp.pad(used, ((0, most - needed), (0, 0)))

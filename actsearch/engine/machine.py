"""Programs as data: one compiled function runs every program of a template.

The choice vector is an argument, so that a training function is compiled once and then scores any number of
candidates. It is decoded once into a short list of live slots, and a loop runs these with one `lax.switch` over the
options of all slots, each of which XLA compiles as if it stood alone; dead slots cost nothing. The reverse pass is
written by hand: autodiff through `switch` would store the union of all branches' residuals; here `x` alone is kept, the
registers are computed again, and a second loop runs backwards with one adjoint a register.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.custom_batching import sequential_vmap

from actsearch.engine.formula import evaluate_layer, initial_moments
from actsearch.engine.function import LayerFunction, NormSettings
from actsearch.language import ActsearchError, Program
from actsearch.spaces.template import Template

Parameters = tuple[jax.Array, ...]
Moving = jax.Array | None
Evaluated = tuple[jax.Array, jax.Array]
"""A value, and the moments used."""


class Code(NamedTuple):
    """A choice vector, decoded for the machine. The output's slot is the last one and always runs.

    Attributes:
      options: for each slot the number of its option in the template's list of distinct options, int32 [slots].
      operands: for each slot the registers it reads, int32 [slots, 2].
      order: the other slots, live ones first, each group in the order of the template, int32 [slots - 1].
      live: number of live slots in `order`, int32.
    """

    options: jax.Array
    operands: jax.Array
    order: jax.Array
    live: jax.Array


class Apply(Protocol):
    """The signature of an interpreter."""

    def __call__(self, choices: jax.Array, x: jax.Array, parameters: Parameters, moving: Moving = None) -> Evaluated:
        """Evaluates the program of `choices`; see `interpreter`."""
        ...


def interpreter(template: Template, settings: NormSettings | None = None) -> Apply:
    """Returns `apply(choices, x, parameters, moving=None)`, the function of every program of a template.

    Args:
      template: the slots; also the order of choices and of parameters.
      settings: how reductions are computed.

    Returns:
      A function of `choices`, int32 [decisions]; `x`, a floating-point array [..., channels]; `parameters`, one
      array [channels] for each row of `template.parameters`; and moving averages as for a LayerFunction. It returns the
      value and the moments used. It equals the specialised program in value and in every gradient up to rounding.
      Under `vmap` it runs candidates one after another, so that no batched choice reaches a switch, which would run
      every branch.

    Example:
      >>> import jax.numpy as jnp
      >>> from actsearch.spaces import swish
      >>> space = swish(units=1)
      >>> apply = interpreter(space.template)
      >>> space.decode((0, 18, 1))
      Program('x * relu(x)')
      >>> value, moments = apply(jnp.array([0, 18, 1]), jnp.array([2.0, 3.0]), (jnp.ones(2),))
      >>> value
      Array([4., 9.], dtype=float32)
    """
    used = settings or NormSettings()

    def apply(choices: jax.Array, x: jax.Array, parameters: Parameters, moving: Moving = None) -> Evaluated:
        return _run(template, used, decode(template, choices), x, parameters, moving)

    return apply


def _run(
    template: Template, settings: NormSettings, code: Code, x: jax.Array, parameters: Parameters, moving: Moving
) -> Evaluated:
    """Runs the machine; a template with reductions in float32 or wider, rounded last, as a specialised program is."""
    reduces = any(program.reductions for program in _tables(template).programs)
    wide = x.astype(jnp.promote_types(x.dtype, jnp.float32)) if reduces else x
    value, moments = _machine(template, settings)(code, wide, parameters, moving)
    return value.astype(x.dtype), moments


def interpret(template: Template, choices: jax.Array) -> LayerFunction:
    """Returns the program that `choices`, a traced int32 [decisions], determines, as a LayerFunction.

    Its parameters are those of all options of the template; the ones that the program does not use get no gradient.
    """
    code = decode(template, choices)
    # Two options may give one name two initial values; the key keeps them apart.
    keys = [f"{name}={initial!r}" for name, initial in template.parameters]
    initial = {key: value for key, (_, value) in zip(keys, template.parameters, strict=True)}
    moments = jnp.asarray(_tables(template).moments)[code.options].reshape(-1)

    return LayerFunction("interpreted", initial, moments, Interpreted(template, code, tuple(keys)))


@dataclasses.dataclass(frozen=True, eq=False)
class Interpreted:
    """The function of the program that `code` stands for, as `LayerFunction` describes it.

    Equal to itself alone: what decides the function is an array, maybe a traced one.
    """

    template: Template
    code: Code
    keys: tuple[str, ...]

    def __call__(
        self,
        x: jax.Array,
        parameters: Mapping[str, jax.Array],
        moving: Moving,
        settings: NormSettings,
        mask: jax.Array | None = None,
    ) -> Evaluated:
        if _rows(self.template) and (mask is not None or settings.axis_name is not None):
            raise ActsearchError(
                "An interpreted layer takes statistics of its whole batch on one device; received a mask or an "
                "axis_name: make the layer from the program itself, Layer(space.decode(choices), features)."
            )
        return _run(self.template, settings, self.code, x, tuple(parameters[key] for key in self.keys), moving)


class _Tables(NamedTuple):
    """What `decode` looks up, for each slot and choice.

    Attributes:
      programs: the distinct options of all slots.
      options: number in `programs` of each option of each slot, int32 [slots, most options].
      registers: readable registers of each operand of each slot, int32 [slots, 2, most registers].
      reads: whether each program reads its first and its second operand, bool [programs, 2].
      moments: initial moving averages of each program, float32 [programs, most averages].
    """

    programs: tuple[Program, ...]
    options: np.ndarray
    registers: np.ndarray
    reads: np.ndarray
    moments: np.ndarray


@functools.cache
def _tables(template: Template) -> _Tables:
    programs = tuple(dict.fromkeys(option for slot in template.slots for option in slot.options))
    moments = [initial_moments(program) for program in programs]
    return _Tables(
        programs,
        _padded([[programs.index(option) for option in slot.options] for slot in template.slots]),
        np.stack([_padded([*slot.operands, (0,), (0,)][:2], template.widest) for slot in template.slots]),
        np.array([[name in program.inputs for name in "xy"] for program in programs]),
        _padded(moments, dtype=np.float32),
    )


def _padded(rows: Sequence[Sequence[float]], width: int | None = None, dtype: type = np.int32) -> np.ndarray:
    width = width or max(map(len, rows))
    return np.array([[*row, *[0] * (width - len(row))] for row in rows], dtype).reshape(len(rows), width)


def decode(template: Template, choices: jax.Array) -> Code:
    """Returns the code of `choices`, int32 [decisions]; outside the training loop, it is computed once."""
    tables, slots = _tables(template), len(template.slots)
    zero = jnp.int32(0)
    options, operands = [], []
    for slot, (option, registers) in enumerate(template.layout):
        options.append(jnp.asarray(tables.options[slot])[zero if option is None else choices[option]])
        chosen = [zero if decision is None else choices[decision] for decision in (*registers, None, None)[:2]]
        operands.append([jnp.asarray(tables.registers[slot, i])[choice] for i, choice in enumerate(chosen)])
    live = jnp.zeros(slots + 1, bool).at[slots].set(True)
    for slot in reversed(range(slots)):
        reads = jnp.asarray(tables.reads)[options[slot]] & live[slot + 1]
        live = live.at[operands[slot][0]].max(reads[0]).at[operands[slot][1]].max(reads[1])
    live = live[1:slots]
    order = jnp.argsort(~live, stable=True).astype(jnp.int32)
    code = jnp.stack(options), jnp.stack([jnp.stack(row) for row in operands]), order, jnp.sum(live, dtype=jnp.int32)
    return Code(*code)


@functools.cache
def _machine(template: Template, settings: NormSettings) -> Callable[[Code, jax.Array, Parameters, Moving], Evaluated]:
    """Returns `run(code, x, parameters, moving)` with its hand-written reverse pass."""

    @sequential_vmap  # type: ignore[untyped-decorator]
    def forward(code: Code, x: jax.Array, parameters: Parameters, moving: Moving) -> Evaluated:
        registers, moments = _registers(template, settings, code, x, parameters, moving)
        value, last = _last(template, settings, code, registers, parameters, moving)
        return value, jnp.concatenate([moments, last]) if last.shape[0] else moments

    @sequential_vmap  # type: ignore[untyped-decorator]
    def backward(
        code: Code, x: jax.Array, parameters: Parameters, moving: Moving, gradient: jax.Array
    ) -> tuple[jax.Array, Parameters]:
        return _reverse(template, settings, code, x, parameters, moving, gradient)

    @jax.custom_vjp
    def run(code: Code, x: jax.Array, parameters: Parameters, moving: Moving) -> Evaluated:
        evaluated: Evaluated = forward(code, x, parameters, moving)
        return evaluated

    def run_forward(code: Code, x: jax.Array, parameters: Parameters, moving: Moving) -> tuple[Evaluated, Any]:
        return forward(code, x, parameters, moving), (code, x, parameters, moving)

    def run_backward(residuals: Any, gradients: Evaluated) -> tuple[Any, ...]:
        # The moments feed moving averages alone, which nothing is trained through.
        moving = residuals[3]
        return None, *backward(*residuals, gradients[0]), None if moving is None else jnp.zeros_like(moving)

    run.defvjp(run_forward, run_backward)
    return run


def _registers(
    template: Template, settings: NormSettings, code: Code, x: jax.Array, parameters: Parameters, moving: Moving
) -> tuple[jax.Array, jax.Array]:
    """Runs the live slots but the last; returns the registers [slots, ...], `x` first, and their moments."""
    slots, rows = len(template.slots), _rows(template)
    branches = _branches(template, settings, range(slots - 1))
    features = x.shape[-1:] or (1,)

    def step(i: jax.Array, carry: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        registers, moments = carry
        slot = code.order[i]
        averages = None if moving is None else lax.dynamic_slice_in_dim(moving, slot * rows, rows)
        option = jnp.asarray(branches.place)[code.options[slot]]
        value, used = lax.switch(option, branches.forward, registers, code.operands[slot], parameters, averages)
        registers = lax.dynamic_update_index_in_dim(registers, value, slot + 1, 0)
        return registers, lax.dynamic_update_slice_in_dim(moments, used, slot * rows, 0) if rows else moments

    registers = jnp.zeros((slots, *x.shape), x.dtype).at[0].set(x)
    moments = jnp.zeros(((slots - 1) * rows, *features), jnp.promote_types(x.dtype, jnp.float32))
    return lax.fori_loop(0, code.live, step, (registers, moments)) if slots > 1 else (registers, moments)


def _last(
    template: Template, settings: NormSettings, code: Code, registers: jax.Array, parameters: Parameters, moving: Moving
) -> Evaluated:
    """Runs the last slot; returns the output and its moments."""
    slot, rows = len(template.slots) - 1, _rows(template)
    branches = _branches(template, settings, [slot])
    averages = None if moving is None else moving[slot * rows :]
    option = jnp.asarray(branches.place)[code.options[slot]]
    evaluated: Evaluated = lax.switch(option, branches.forward, registers, code.operands[slot], parameters, averages)
    return evaluated


def _reverse(
    template: Template,
    settings: NormSettings,
    code: Code,
    x: jax.Array,
    parameters: Parameters,
    moving: Moving,
    gradient: jax.Array,
) -> tuple[jax.Array, Parameters]:
    """Runs the slots backwards with one adjoint a register; returns the gradients of `x` and of the parameters."""
    slots, rows = len(template.slots), _rows(template)
    registers, _ = _registers(template, settings, code, x, parameters, moving)

    def back(
        slot: int | jax.Array, branches: _Branches, carry: tuple[jax.Array, Parameters], gradient: jax.Array
    ) -> tuple[jax.Array, Parameters]:
        adjoints, totals = carry
        averages = None if moving is None else lax.dynamic_slice_in_dim(moving, slot * rows, rows)
        option, operands = jnp.asarray(branches.place)[code.options[slot]], code.operands[slot]
        d_x, d_y, d_parameters = lax.switch(
            option, branches.reverse, registers, operands, parameters, averages, gradient
        )
        for register, more in zip(operands, (d_x, d_y), strict=True):
            old = lax.dynamic_index_in_dim(adjoints, register, 0, False)
            adjoints = lax.dynamic_update_index_in_dim(adjoints, old + more, register, 0)
        return adjoints, jax.tree.map(jnp.add, totals, d_parameters)

    carry = jnp.zeros_like(registers), jax.tree.map(jnp.zeros_like, parameters)
    carry = back(slots - 1, _branches(template, settings, [slots - 1]), carry, gradient)
    branches = _branches(template, settings, range(slots - 1))

    def step(i: jax.Array, carry: tuple[jax.Array, Parameters]) -> tuple[jax.Array, Parameters]:
        slot = code.order[code.live - 1 - i]
        return back(slot, branches, carry, lax.dynamic_index_in_dim(carry[0], slot + 1, 0, False))

    adjoints, totals = lax.fori_loop(0, code.live, step, carry) if slots > 1 else carry
    return adjoints[0], totals


class _Branches(NamedTuple):
    """The options of some slots as branches of a switch.

    Attributes:
      place: branch of each of the template's distinct options, int32 [options]; 0 where it is none of these slots'.
      forward: (registers, operands, parameters, moving) -> (value, moments).
      reverse: (registers, operands, parameters, moving, gradient) -> gradients of both operands and the parameters.
    """

    place: np.ndarray
    forward: list[Callable[..., Evaluated]]
    reverse: list[Callable[..., tuple[jax.Array, jax.Array, Parameters]]]


def _branches(template: Template, settings: NormSettings, slots: Iterable[int]) -> _Branches:
    programs = _tables(template).programs
    offered = list(dict.fromkeys(option for slot in slots for option in template.slots[slot].options))
    place = np.array([offered.index(program) if program in offered else 0 for program in programs], np.int32)
    options = [_option(template, settings, program) for program in offered]
    return _Branches(place, [_forward(*option) for option in options], [_backward(*option) for option in options])


class _Option(Protocol):
    """The signature of one option."""

    def __call__(
        self, read: dict[str, jax.Array], like: jax.Array, parameters: Parameters, moving: Moving
    ) -> Evaluated: ...


def _option(template: Template, settings: NormSettings, program: Program) -> tuple[_Option, tuple[str, ...]]:
    """Returns (operands by name, array like x, parameters, moving) -> (value, moments), and the operands it reads."""
    rows, needed = _rows(template), len(program.batch_reductions)
    own = [(name, template.parameters.index((name, initial))) for name, initial in program.parameters]

    def run(read: dict[str, jax.Array], like: jax.Array, parameters: Parameters, moving: Moving) -> Evaluated:
        values = {name: parameters[i] for name, i in own}
        averages = None if moving is None else moving[:needed]
        value, used = evaluate_layer(program, read or {"x": like}, values, averages, settings)
        return value, jnp.pad(used, ((0, rows - needed), (0, 0)))

    return run, program.inputs


def _read(names: tuple[str, ...], registers: jax.Array, operands: jax.Array) -> dict[str, jax.Array]:
    # A branch reads its operands itself: outside the switch each of them would be copied.
    return {name: lax.dynamic_index_in_dim(registers, operands["xy".index(name)], 0, False) for name in names}


def _forward(run: _Option, names: tuple[str, ...]) -> Callable[..., Evaluated]:
    def branch(registers: jax.Array, operands: jax.Array, parameters: Parameters, moving: Moving) -> Evaluated:
        return run(_read(names, registers, operands), registers[0], parameters, moving)

    return branch


def _backward(run: _Option, names: tuple[str, ...]) -> Callable[..., tuple[jax.Array, jax.Array, Parameters]]:
    def branch(
        registers: jax.Array, operands: jax.Array, parameters: Parameters, moving: Moving, gradient: jax.Array
    ) -> tuple[jax.Array, jax.Array, Parameters]:
        def value(read: dict[str, jax.Array], parameters: Parameters) -> jax.Array:
            return run(read, registers[0], parameters, moving)[0]

        read = _read(names, registers, operands)
        d_read, d_parameters = jax.vjp(value, read, parameters)[1](gradient)
        d_x, d_y = (d_read.get(name, jnp.zeros_like(gradient)) for name in "xy")
        return d_x, d_y, d_parameters

    return branch


def _rows(template: Template) -> int:
    """Returns how many moving averages each slot has: the maximum over options."""
    return int(_tables(template).moments.shape[1])

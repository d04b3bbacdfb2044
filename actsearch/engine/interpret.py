"""Programs as data: one compiled function runs every program of a template.

The choice vector is an argument, so that a training function is compiled once and then scores any number of
candidates. A slot is a `lax.switch` over its options, each of which XLA compiles as if it stood alone. The reverse
pass is written by hand: autodiff through `switch` would store the union of all branches' residuals, here each slot
keeps only its register.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_batching import sequential_vmap

from actsearch.engine.specialize import Activation, evaluate
from actsearch.language.template import Slot, Template

Parameters = tuple[jax.Array, ...]


def interpreter(template: Template) -> Callable[[jax.Array, jax.Array, Parameters], jax.Array]:
    """Returns `apply(choices, x, parameters)`, the function of every program of a template.

    Args:
      template: the slots; also the order of choices and of parameters.

    Returns:
      A function of `choices`, int32 [decisions]; `x`, a floating-point array [..., channels]; and `parameters`, one
      array [channels] for each row of `template.parameters`. It equals `to_function(template.decode(choices))` in
      value and in every gradient up to rounding. Under `vmap` it runs candidates one after another, so that no
      batched choice reaches a switch, which would run every branch.

    Example:
      >>> import jax.numpy as jnp
      >>> from actsearch.spaces import swish
      >>> space = swish(units=1)
      >>> apply = interpreter(space.template)
      >>> program = space.decode((0, 18, 1))
      >>> program
      Program('x * relu(x)')
      >>> apply(jnp.array(program.choices), jnp.array([2.0, 3.0]), (jnp.ones(2),))
      Array([4., 9.], dtype=float32)
    """

    @sequential_vmap
    def forward(choices, x, parameters):
        return _registers(template, choices, x, parameters)

    @sequential_vmap
    def backward(choices, registers, parameters, gradient):
        return _reverse(template, choices, registers, parameters, gradient)

    @jax.custom_vjp
    def apply(choices, x, parameters):
        return forward(choices, x, parameters)[-1]

    def apply_forward(choices, x, parameters):
        registers = forward(choices, x, parameters)
        return registers[-1], (choices, registers[:-1], parameters)

    def apply_backward(residuals, gradient):
        return None, *backward(*residuals, gradient)

    apply.defvjp(apply_forward, apply_backward)
    return apply


def interpret(template: Template, choices: jax.Array) -> Activation:
    """Returns the program that `choices`, a traced int32 [decisions], determines, as an Activation.

    Its parameters are those of all options of the template; the ones that the program does not use get no gradient.
    """
    apply = interpreter(template)
    # Two options may give one name two initial values; the key keeps them apart.
    keys = [f"{name}={initial!r}" for name, initial in template.parameters]
    initial = {key: value for key, (_, value) in zip(keys, template.parameters, strict=True)}

    def function(x, parameters):
        return apply(choices, x, tuple(parameters[key] for key in keys))

    return Activation("interpreted", initial, function)


def _registers(template: Template, choices, x, parameters) -> tuple[jax.Array, ...]:
    """Runs the slots in order; returns every register, `x` first and the output last."""
    live = _live(template, choices)
    registers: tuple[jax.Array, ...] = (x,)
    for index, slot in enumerate(template.slots):
        read = _read(template, index, choices, registers)
        idle = jnp.zeros_like(x)
        registers += (_switch(template, index, choices, live, _branches(template, slot), idle, read, parameters),)
    return registers


def _reverse(template: Template, choices, registers, parameters, gradient) -> tuple[jax.Array, Parameters]:
    """Runs the slots backwards with one adjoint a register; returns the gradients of `x` and of the parameters."""
    live = _live(template, choices)
    adjoints = [jnp.zeros_like(r) for r in registers] + [gradient]
    totals = jax.tree.map(jnp.zeros_like, parameters)
    for index in reversed(range(len(template.slots))):
        slot, (_, operands) = template.slots[index], template.layout[index]
        read = _read(template, index, choices, registers)
        branches = [_vjp(branch) for branch in _branches(template, slot)]
        nothing = jax.tree.map(jnp.zeros_like, (read, parameters))
        d_read, d_parameters = _switch(
            template, index, choices, live, branches, nothing, read, parameters, adjoints[index + 1]
        )
        totals = jax.tree.map(jnp.add, totals, d_parameters)
        for d_operand, readable, decision in zip(d_read, slot.operands, operands, strict=True):
            for position, register in enumerate(readable):
                here = d_operand if decision is None else jnp.where(choices[decision] == position, d_operand, 0)
                adjoints[register] += here
    return adjoints[0], totals


def _branches(template: Template, slot: Slot) -> list[Callable]:
    """Returns one function (operands, parameters) -> register for each option of a slot."""
    names = template.parameters

    def branch(option):
        own = [(name, names.index((name, initial))) for name, initial in option.parameters]

        def run(read, parameters):
            return evaluate(option, dict(zip("xy", read, strict=False)), {name: parameters[i] for name, i in own})

        return run

    return [branch(option) for option in slot.options]


def _vjp(function: Callable) -> Callable:
    return lambda read, parameters, gradient: jax.vjp(function, read, parameters)[1](gradient)


def _live(template: Template, choices) -> list:
    """For each slot whether the output needs it: True where it always does, else a traced bool.

    A dead slot must not run: it costs time, and if it holds NaN it would spoil a parameter's gradient by 0 * NaN.
    """
    live: list = [False] * len(template.slots) + [True]
    for index in reversed(range(len(template.slots))):
        slot, (option, operands) = template.slots[index], template.layout[index]
        for name, readable, decision in zip("xy", slot.operands, operands, strict=False):
            uses = _any([name in program.inputs for program in slot.options], choices, option)
            for position, register in enumerate(readable):
                chosen = True if decision is None else choices[decision] == position
                live[register] = _or(live[register], _and(live[index + 1], _and(uses, chosen)))
    return live[1:]


def _any(flags: list[bool], choices, option):
    return flags[0] if len(set(flags)) == 1 else jnp.array(flags)[choices[option]]


def _and(a, b):
    return b if a is True else a if b is True else False if a is False or b is False else a & b


def _or(a, b):
    return True if a is True or b is True else b if a is False else a if b is False else a | b


def _read(template: Template, index: int, choices, registers) -> tuple[jax.Array, ...]:
    """Returns the operands of a slot."""
    rows = zip(template.slots[index].operands, template.layout[index][1], strict=True)
    return tuple(
        registers[rs[0]] if d is None else lax.select_n(choices[d], *(registers[r] for r in rs)) for rs, d in rows
    )


def _switch(template: Template, index: int, choices, live, branches, idle, *operands):
    """Runs the chosen branch of a slot, or returns `idle` where the slot is dead."""
    decision = template.layout[index][0]
    chosen = 0 if decision is None else choices[decision]
    if live[index] is not True:
        chosen = jnp.where(live[index], chosen, len(branches))
        branches = [*branches, lambda *_: idle]
    return branches[0](*operands) if len(branches) == 1 else lax.switch(chosen, branches, *operands)

"""Programs as data: one compiled function runs every program of a template.

The choice vector is an argument, so that a training function is compiled once and then scores any number of
candidates. It is decoded once (`codes`) and run slot after slot (`unrolled`), or by a loop over the live slots where
operands are chosen too (`machine`).
"""

import dataclasses
from collections.abc import Mapping
from typing import Protocol

import jax
import jax.numpy as jnp

from actsearch.engine.codes import Code, decode, make_tables
from actsearch.engine.function import LayerFunction, NormSettings
from actsearch.engine.machine import Machine, Parameters, get_machine
from actsearch.engine.unrolled import Unrolled, get_unrolled, is_short
from actsearch.language import ActsearchError
from actsearch.language.names import SCALAR
from actsearch.spaces.template import Template


class Apply(Protocol):
    """The signature of an interpreter's function."""

    def __call__(
        self,
        choices: jax.Array,
        x: jax.Array,
        parameters: Parameters,
        moving: jax.Array | None = None,
        y: jax.Array | None = None,
    ) -> tuple[jax.Array, jax.Array]:
        """Returns the value and the moments used."""
        ...


def interpreter(template: Template, settings: NormSettings | None = None) -> Apply:
    """Returns `apply(choices, x, parameters, moving=None, y=None)`, the function of every program of a template.

    Args:
      template: the slots; also the order of choices and of parameters.
      settings: how reductions are computed.

    Returns:
      A function of `choices`, int32 [decisions]; `x`, a floating-point array [..., channels]; `parameters`, one array
      [channels] for each row of `template.parameters`; moving averages as for a LayerFunction; and `y`, an array like
      `x`, for a template of gates. It returns the value and the moments used. It equals the specialised program in
      value and in every gradient up to rounding. Under `vmap` it runs candidates one after another, so that no batched
      choice reaches a switch, which would run every branch.

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
    machine = choose_machine(template, settings or NormSettings())

    def apply(
        choices: jax.Array,
        x: jax.Array,
        parameters: Parameters,
        moving: jax.Array | None = None,
        y: jax.Array | None = None,
    ) -> tuple[jax.Array, jax.Array]:
        return machine(decode(template, choices), (x,) if y is None else (x, y), parameters, moving)

    return apply


def choose_machine(template: Template, settings: NormSettings, together: bool = False) -> Machine | Unrolled:
    """Returns what runs a template: the unrolled form where it is short, else the loop over its live slots."""
    return (get_unrolled if is_short(template) else get_machine)(template, settings, together)


def interpret(template: Template, choices: jax.Array, *, together: bool = False) -> LayerFunction:
    """Returns the program that `choices`, a traced int32 [decisions], determines, as a LayerFunction.

    Its parameters are those of all options of the template; the ones that the program does not use get no gradient.

    Args:
      template: the slots.
      choices: int32 [decisions].
      together: whether `vmap` over choices runs candidates side by side, each through every option of every slot, as
        suits a GPU; else it runs them one after another.
    """
    code = decode(template, choices)
    keys = parameter_keys(template)
    initial = {key: value for key, (_, value) in zip(keys, template.parameters, strict=True)}
    moments = jnp.asarray(make_tables(template).moments)[code.options].reshape(-1)

    function = Interpreted(template, code, keys, together)
    shared = frozenset(key for key, is_shared in zip(keys, template.shared, strict=True) if is_shared)
    return LayerFunction("interpreted", initial, moments, function, template.inputs, shared)


def parameter_keys(template: Template) -> tuple[str, ...]:
    """Returns the key of each of a template's parameters.

    Two options may give one name two initial values, or share it and not; the key keeps them apart.
    """
    rows = zip(template.parameters, template.shared, strict=True)
    return tuple(f"{SCALAR} " * is_shared + f"{name}={initial!r}" for (name, initial), is_shared in rows)


@dataclasses.dataclass(frozen=True, eq=False)
class Interpreted:
    """The function of the program that `code` stands for, as `LayerFunction` describes it.

    Equal to itself alone: what decides the function is an array, maybe a traced one.
    """

    template: Template
    code: Code
    keys: tuple[str, ...]
    together: bool = False

    def __call__(
        self,
        x: jax.Array,
        parameters: Mapping[str, jax.Array],
        moving: jax.Array | None,
        settings: NormSettings,
        mask: jax.Array | None = None,
        y: jax.Array | None = None,
    ) -> tuple[jax.Array, jax.Array]:
        if make_tables(self.template).averages and (mask is not None or settings.axis_name is not None):
            raise ActsearchError(
                "An interpreted layer takes statistics of its whole batch on one device; received a mask or an "
                "axis_name: make the layer from the program itself, Layer(space.decode(choices), features); in a "
                'training, write engine="specialize".'
            )
        values = tuple(parameters[key] for key in self.keys)
        inputs = (x,) if y is None else (x, y)
        return choose_machine(self.template, settings, self.together)(self.code, inputs, values, moving)

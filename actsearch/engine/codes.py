"""Choice vectors as code of the interpreter: which option each slot runs, what it reads, and which slots are live."""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from actsearch.engine.formula import initial_moments
from actsearch.language import Program
from actsearch.spaces.template import Template


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


class Tables(NamedTuple):
    """What `decode` looks up, for each slot and choice.

    Attributes:
      programs: the distinct options of all slots.
      options: number in `programs` of each option of each slot, int32 [slots, most options].
      registers: readable registers of each operand of each slot, int32 [slots, 2, most registers].
      reads: whether each program reads its first and its second operand, bool [programs, 2].
      moments: initial moving averages of each program, float32 [programs, most averages].
    """

    programs: tuple[Program, ...]
    options: NDArray[np.int32]
    registers: NDArray[np.int32]
    reads: NDArray[np.bool_]
    moments: NDArray[np.float32]

    @property
    def averages(self) -> int:
        """How many moving averages each slot has: the maximum over the options of all slots."""
        return len(self.moments[0])


@functools.lru_cache(maxsize=64)
def make_tables(template: Template) -> Tables:
    """Returns the tables of a template; those of the last 64 templates are kept."""
    programs = tuple(dict.fromkeys(option for slot in template.slots for option in slot.options))
    return Tables(
        programs,
        _padded([[programs.index(option) for option in slot.options] for slot in template.slots]),
        np.stack([_padded([*slot.operands, (0,), (0,)][:2], template.widest) for slot in template.slots]),
        np.array([[name in program.inputs for name in "xy"] for program in programs]),
        _padded([initial_moments(program) for program in programs], dtype=np.float32),
    )


def _padded(rows: Sequence[Sequence[float]], width: int | None = None, dtype: Any = np.int32) -> NDArray[Any]:
    """Returns rows as one array, filled up with zeros to the width, that of the longest one by default."""
    width = width or max(map(len, rows))
    return np.array([[*row, *[0] * (width - len(row))] for row in rows], dtype).reshape(len(rows), width)


def decode(template: Template, choices: jax.Array) -> Code:
    """Returns the code of `choices`, int32 [decisions]; outside the training loop, it is computed once."""
    tables = make_tables(template)
    zero = jnp.int32(0)
    options, operands = [], []
    for slot, (option, registers) in enumerate(template.layout):
        options.append(jnp.asarray(tables.options[slot])[zero if option is None else choices[option]])
        chosen = [zero if decision is None else choices[decision] for decision in (*registers, None, None)[:2]]
        operands.append([jnp.asarray(tables.registers[slot, i])[choice] for i, choice in enumerate(chosen)])
    live = _live(tables, len(template.inputs), options, operands)
    order = jnp.argsort(~live, stable=True).astype(jnp.int32)
    rows = jnp.stack([jnp.stack(row) for row in operands])
    return Code(jnp.stack(options), rows, order, jnp.sum(live, dtype=jnp.int32))


def _live(
    tables: Tables, inputs: int, options: Sequence[jax.Array], operands: Sequence[Sequence[jax.Array]]
) -> jax.Array:
    """Returns whether the output needs each slot but the last, bool [slots - 1]."""
    slots = len(options)
    live = jnp.zeros(inputs + slots, bool).at[-1].set(True)  # by register
    for slot in reversed(range(slots)):
        reads = jnp.asarray(tables.reads)[options[slot]] & live[inputs + slot]
        live = live.at[operands[slot][0]].max(reads[0]).at[operands[slot][1]].max(reads[1])
    return live[inputs:-1]

"""Batches: many programs of one template, as data, in one compiled loop; a candidate costs less than a millisecond."""

import functools
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from actsearch.engine.function import NormSettings
from actsearch.engine.interpretation import interpreter
from actsearch.engine.probe import GROUPS
from actsearch.language import nans_allowed
from actsearch.spaces.template import Template

CHUNK = 256
"""Programs of one call of the compiled loop."""


def evaluate_batch(
    template: Template, choices: np.ndarray, inputs: Sequence[np.ndarray], values: np.ndarray
) -> np.ndarray:
    """Evaluates programs of one template in float64, at some settings of inputs and parameters.

    Args:
      template: of a space.
      choices: legal choice vectors, int32 [programs, decisions].
      inputs: for each input of the template its value at each setting, float64 [settings, ...]; for layers each is
        [batch, ..., features].
      values: of the template's parameters at each setting, float64 [settings, parameters].

    Returns:
      Outputs, float64 [programs, settings, elements of an input].
    """
    arrays = tuple(inputs)
    parts = [np.zeros((0, len(arrays[0]), arrays[0][0].size))]
    with jax.enable_x64(True), nans_allowed():
        for first in range(0, len(choices), CHUNK):
            chunk = choices[first : first + CHUNK]
            padded = np.pad(chunk, ((0, CHUNK - len(chunk)), (0, 0)))
            parts.append(np.asarray(_compiled(template)(padded, len(chunk), arrays, values))[: len(chunk)])
    return np.concatenate(parts)


@functools.lru_cache(maxsize=8)
def _compiled(template: Template) -> Callable[..., jax.Array]:
    """Returns (choices [CHUNK, decisions], count, inputs, values) -> outputs [CHUNK, settings, elements]."""
    apply = interpreter(template, NormSettings(groups=GROUPS))

    def outputs(choices: jax.Array, setting: tuple[tuple[jax.Array, ...], jax.Array]) -> jax.Array:
        (x, *rest), values = setting
        parameters = tuple(jnp.broadcast_to(value, x.shape[-1:]) for value in values)
        value: jax.Array = apply(choices, x, parameters, None, *rest)[0]
        return value.ravel()

    def run(choices: jax.Array, count: int, inputs: tuple[jax.Array, ...], values: jax.Array) -> jax.Array:
        def step(i: jax.Array, rows: jax.Array) -> jax.Array:
            return rows.at[i].set(lax.map(functools.partial(outputs, choices[i]), (inputs, values)))

        # A loop with a traced bound: padding rows are skipped.
        rows: jax.Array = lax.fori_loop(0, count, step, jnp.zeros((CHUNK, len(values), inputs[0][0].size)))
        return rows

    return jax.jit(run)

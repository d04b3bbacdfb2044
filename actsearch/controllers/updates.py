"""Gradient updates of a policy's weights, compiled."""

from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import optax

from actsearch.controllers.policy import Params

Loss: TypeAlias = Callable[..., jax.Array]
Update: TypeAlias = Callable[..., tuple[Params, optax.OptState]]


def adam_updates(loss: Loss, learning_rate: float, steps: int) -> Update:
    """Returns a compiled update, (params, opt_state, *batch) -> (params, opt_state), of so many steps of Adam.

    Args:
      loss: (params, number of the step, *batch) -> a scalar.
      learning_rate: of Adam.
      steps: at least 1.

    Example:
      >>> import jax.numpy as jnp
      >>> params = [jnp.array(3.0)]
      >>> update = adam_updates(lambda params, step, target: (params[0] - target) ** 2, 0.1, steps=200)
      >>> params, _ = update(params, optax.adam(0.1).init(params), 1.0)
      >>> round(float(params[0]), 1)
      1.0
    """
    optimizer = optax.adam(learning_rate)

    @jax.jit
    def update(params: Params, opt_state: optax.OptState, *batch: Any) -> tuple[Params, optax.OptState]:
        def step(i: int, carry: tuple[Params, optax.OptState]) -> tuple[Params, optax.OptState]:
            gradient = jax.grad(loss)(carry[0], i, *batch)
            updates, state = optimizer.update(gradient, carry[1])
            return optax.apply_updates(carry[0], updates), state

        carry: tuple[Params, optax.OptState] = jax.lax.fori_loop(0, steps, step, (params, opt_state))
        return carry

    return update

"""Exported files as modules, and what actsearch computes for the same inputs and parameters, with gradients."""

import types

import jax
import jax.numpy as jnp
import numpy as np

from actsearch.engine import NormSettings
from actsearch.engine.formula import evaluate_layer, initial_moments

KINKS = (0.0, 1.0, -1.0, 3.0, -3.0, 6.0, 0.5, -0.5)


def load(text, name="exported"):
    """Returns an exported file as a module; its self-test does not run."""
    module = types.ModuleType(name)
    exec(compile(text, f"{name}.py", "exec"), module.__dict__)
    return module


def inputs_of(program, seed=0):
    """Returns inputs in float64: kinks and random numbers, 12 x 4, or [3, 2, 2, 4] where there are statistics."""
    rng = np.random.default_rng(seed)
    shape = (3, 2, 2, 4) if program.reductions else (12, 4)
    arrays = {name: rng.normal(0.2, 1.3, shape) for name in program.arguments}
    if not program.reductions:
        arrays["x"][: len(KINKS), 0] = KINKS
        arrays["x"][:2, 1] = [12.0, -12.0]
    return arrays


def parameters_of(program):
    """Returns a value per channel for each parameter, away from its initial one."""
    return {
        name: value + np.array([0.0, 0.3, -0.2, 0.7]) * (number + 1)
        for number, (name, value) in enumerate(program.parameters)
    }


def weights_of(program):
    """Returns what the value is weighed with before its gradient is taken."""
    return np.random.default_rng(1).normal(1, 0.3, next(iter(inputs_of(program).values())).shape)


def expected(program):
    """Returns value, gradients by name, running averages after one step [averages, 4], and the value in evaluation."""
    with jax.enable_x64(True):
        inputs = {name: jnp.asarray(one) for name, one in inputs_of(program).items()}
        parameters = {name: jnp.asarray(one) for name, one in parameters_of(program).items()}
        settings, weights = NormSettings(), weights_of(program)

        def weighed(leaves, moving=None):
            arrays = {name: leaves[name] for name in inputs}
            values = {name: leaves[name] for name in parameters}
            value, moments = evaluate_layer(program, arrays, values, moving, settings)
            return jnp.sum(value * weights), (value, moments)

        leaves = inputs | parameters
        gradients, (value, moments) = jax.jit(jax.grad(weighed, has_aux=True))(leaves)
        if not len(moments):
            return np.asarray(value), {name: np.asarray(one) for name, one in gradients.items()}, None, None
        start = jnp.asarray(initial_moments(program))[:, None]
        averages = 0.9 * start + 0.1 * moments
        evaluated = weighed(leaves, averages)[1][0]
        as_numpy = {name: np.asarray(one) for name, one in gradients.items()}
        return np.asarray(value), as_numpy, np.asarray(averages), np.asarray(evaluated)

"""Exported files as modules, and what actsearch computes for the same inputs and parameters, with gradients."""

import functools
import inspect
import types

import jax
import jax.numpy as jnp
import numpy as np

from actsearch.engine import NormSettings, to_function
from actsearch.engine.formula import ProgramFunction, evaluate_layer, initial_moments
from actsearch.language import INPUTS, PRIMITIVES, parse

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
    """Returns a value per channel for each parameter, or a single one, away from its initial one."""
    moves = [0.3 if name in program.shared else np.array([0.0, 0.3, -0.2, 0.7]) for name, _ in program.parameters]
    return {
        name: np.array(value + move * number, float)
        for number, ((name, value), move) in enumerate(zip(program.parameters, moves, strict=True), 1)
    }


def call_of(name):
    """Returns the program of a primitive alone, of as many of x, y and beta as it takes."""
    return parse(f"{name}({', '.join(('x', 'y', 'beta')[: PRIMITIVES[name].arity])})", inputs=INPUTS)


@functools.cache
def known_calls():
    """Returns the inputs, and value and slope in x of every elementwise primitive there: one compilation for all."""
    names = [name for name, row in PRIMITIVES.items() if row.reduction is None]
    functions = [to_function(call_of(name)) for name in names]
    inputs = list(inputs_of(call_of("add")).values())
    with jax.enable_x64(True):
        pairs = values_and_slopes(functions, inputs)
    return inputs, dict(zip(names, pairs, strict=True))


def values_and_slopes(functions, inputs):
    """Returns value and slope in x of functions of the first inputs, as many as each takes."""

    def pair(function, x, y):
        known = isinstance(function, ProgramFunction)
        takes = function.program.arguments if known else inspect.signature(function).parameters
        arguments = (y,) if "y" in takes else ()
        return jax.jvp(lambda x: function(x, *arguments), (x,), (jnp.ones_like(x),))

    compiled = jax.jit(lambda x, y: [pair(function, x, y) for function in functions])
    with jax.numpy_rank_promotion("allow"):
        return [[np.asarray(one) for one in both] for both in compiled(*map(jnp.asarray, inputs))]


def weights_of(program):
    """Returns what the value is weighed with before its gradient is taken."""
    return np.random.default_rng(1).normal(1, 0.3, next(iter(inputs_of(program).values())).shape)


def expected(program):
    """Returns value, gradients by name, running averages after one step [averages, 4], and the value in evaluation."""
    with jax.enable_x64(True):
        inputs = {name: jnp.asarray(one) for name, one in inputs_of(program).items()}
        parameters = {name: jnp.asarray(one) for name, one in parameters_of(program).items()}
        settings = NormSettings()

        def run(leaves, moving=None):
            arrays, values = ({name: leaves[name] for name in names} for names in (inputs, parameters))
            return evaluate_layer(program, arrays, values, moving, settings)

        leaves = inputs | parameters
        # Not compiled: the operations of a thousand programs are compiled once each.
        value, pullback, moments = jax.vjp(run, leaves, has_aux=True)
        gradients = {name: np.asarray(one) for name, one in pullback(jnp.asarray(weights_of(program)))[0].items()}
        if not len(moments):
            return np.asarray(value), gradients, None, None
        start = jnp.asarray(initial_moments(program))[:, None]
        averages = 0.9 * start + 0.1 * moments
        evaluated = run(leaves, averages)[0]
        return np.asarray(value), gradients, np.asarray(averages), np.asarray(evaluated)

"""Calls of a function in a jaxpr: where they are, and the jaxpr evaluated with something else in their place.

JAX keeps the call of `jax.nn.relu`, `silu` or a function under `jax.jit` as one equation with its name, and writes out
any other, such as `jax.nn.gelu`: a call is as many equations in a row as the function is when it is traced alone.
"""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

from actsearch.language import ActsearchError

Function = Callable[..., jax.Array]

_CALLS = ("jit", "pjit")


def call_widths(jaxpr: Jaxpr, function: Function) -> Iterator[int]:
    """Yields the size of the last axis at every call of a function, inner functions of `jit` included.

    Raises:
      ActsearchError: a call in a loop, a branch or `remat`, or on an array without a features axis; or a function that
        cannot be found.
    """
    found = _calls(jaxpr, function)
    for number, equation in enumerate(jaxpr.eqns):
        if number in found:
            shape = found[number].aval.shape
            if len(shape) < 2:
                raise ActsearchError(
                    f"The network calls {name_of(function)} on an array of shape {shape}, where a candidate needs "
                    "[batch, ..., features]: call it on such an array."
                )
            yield shape[-1]
        else:
            inside = [width for part in _parts(equation) for width in call_widths(part, function)]
            if inside and equation.primitive.name not in _CALLS:
                raise ActsearchError(
                    f"The network calls {name_of(function)} inside {equation.primitive.name} of JAX, where a "
                    "candidate's state cannot be carried: write the loop, branch or remat as plain Python."
                )
            yield from inside


def run_replaced(closed: ClosedJaxpr, arguments: Any, function: Function, layers: Iterator[Any]) -> list[jax.Array]:
    """Evaluates a jaxpr with the next layer at each call; inner functions of `jit` that have one are inlined."""
    jaxpr = closed.jaxpr
    found = _calls(jaxpr, function)
    values = dict(zip((*jaxpr.constvars, *jaxpr.invars), (*closed.consts, *arguments), strict=True))

    def read(atom: Any) -> Any:
        return atom.val if isinstance(atom, Literal) else values[atom]

    for number, equation in enumerate(jaxpr.eqns):
        inputs = [read(atom) for atom in equation.invars]
        if number in found:
            outputs = [next(layers)(read(found[number]))]
        elif equation.primitive.name in _CALLS and any(call_widths(equation.params["jaxpr"].jaxpr, function)):
            outputs = run_replaced(equation.params["jaxpr"], inputs, function, layers)
        else:
            outputs = _bind(equation, inputs)
        values.update(zip(equation.outvars, outputs, strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def _bind(equation: Any, inputs: list[Any]) -> list[Any]:
    bound = equation.primitive.get_bind_params(equation.params)
    functions, options = bound if isinstance(bound, tuple) else ((), bound)  # JAX's form of it differs
    result = equation.primitive.bind(*functions, *inputs, **options)
    return list(result) if equation.primitive.multiple_results else [result]


def _calls(jaxpr: Jaxpr, function: Function) -> dict[int, Any]:
    """Returns the number of each call's last equation, and the variable that the call is given.

    Its other equations stay, for whoever reads them too; XLA drops those that nobody reads.
    """
    found = {}
    for number, equation in enumerate(jaxpr.eqns):
        aval: Any = equation.outvars[0].aval if len(equation.outvars) == 1 else None
        if getattr(aval, "ndim", 0) and jnp.issubdtype(aval.dtype, jnp.floating):
            pattern = _pattern(function, aval.shape, aval.dtype)
            variable = None if pattern is None else _matched(pattern, jaxpr.eqns[: number + 1])
            if variable is not None:
                found[number] = variable
    return found


@functools.lru_cache(maxsize=256)
def _pattern(function: Function, shape: tuple[int, ...], dtype: Any) -> Jaxpr | None:
    """Returns the equations that a call of a function is; None where it takes no array of such a shape."""
    try:
        jaxpr: Jaxpr = jax.make_jaxpr(function)(np.empty(shape, dtype)).jaxpr
    except (TypeError, ValueError):
        return None
    if not jaxpr.eqns or jaxpr.constvars or [*jaxpr.eqns[-1].outvars] != [*jaxpr.outvars]:
        raise ActsearchError(
            f"JAX leaves no trace by which calls of {name_of(function)} could be found: give relu, gelu or another of "
            "jax.nn, or a function of one array, without arrays of its own, that you call under jax.jit."
        )
    return jaxpr


def _matched(pattern: Jaxpr, equations: Any) -> Any:
    """Returns the variable on which the last equations compute what a pattern does; None where they do not."""
    names: dict[Any, Any] = {}
    if len(equations) < len(pattern.eqns):
        return None
    for expected, equation in zip(pattern.eqns, equations[-len(pattern.eqns) :], strict=True):
        atoms = zip((*expected.invars, *expected.outvars), (*equation.invars, *equation.outvars), strict=False)
        if _signature(expected) != _signature(equation) or not all(_same(names, *pair) for pair in atoms):
            return None
    return names[pattern.invars[0]]


def _same(names: dict[Any, Any], expected: Any, atom: Any) -> bool:
    """Returns whether an atom stands where a pattern has another, of which `names` holds those seen."""
    if isinstance(expected, Literal) or isinstance(atom, Literal):
        return type(expected) is type(atom) and str(expected) == str(atom)  # by value, whatever the mesh
    return names.setdefault(expected, atom) is atom


def _signature(equation: Any) -> tuple[Any, ...]:
    """Returns the primitive and, of an inner function, its name and body, or else the parameters."""
    parts, parameters = _parts(equation), equation.params
    inner = (str(parameters.get("name")), str(parts)) if parts else (str(parameters),)
    return equation.primitive.name, len(equation.invars), len(equation.outvars), *inner


def _parts(equation: Any) -> list[Jaxpr]:
    """Returns the jaxprs among an equation's parameters."""
    values = jax.tree.leaves(
        list(equation.params.values()), is_leaf=lambda value: isinstance(value, ClosedJaxpr | Jaxpr)
    )
    jaxprs = [value.jaxpr if isinstance(value, ClosedJaxpr) else value for value in values]
    return [value for value in jaxprs if isinstance(value, Jaxpr)]


def name_of(function: Function) -> str:
    """Returns a function's name for people."""
    return getattr(function, "__name__", repr(function))

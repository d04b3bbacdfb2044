"""Precision: what few bits do to an activation's value and slope, and where it overflows or vanishes."""

import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from actsearch.engine.probe import points
from actsearch.language import PRIMITIVES, Program, nans_allowed
from actsearch.properties.derivatives import BLOCK, jets
from actsearch.properties.quantity import Measured, rows

DTYPES = ("float32", "bfloat16", "float16")
"""Those that a function is computed in."""

STORED: Mapping[str, float] = MappingProxyType({"float8_e4m3fn": 448.0, "float8_e5m2": 57344.0})
"""Largest number of the dtypes that values are stored in alone."""

_OCTAVES = np.linspace(-6, 127.9, BLOCK)  # log2 of |x|; float32 and bfloat16 end at 128


def evaluate_in(program: Program, x: np.ndarray, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns value and derivative of an activation, each primitive computed in a dtype and rounded to it.

    XLA may fuse primitives and round less often; PyTorch's eager mode rounds as often.

    Args:
      program: an activation, at the initial values of its parameters.
      x: [points], at most BLOCK; it is rounded to the dtype.
      dtype: "float32", "bfloat16" or "float16".

    Returns:
      float64 [points] each.
    """
    padded = np.pad(x, (0, BLOCK - len(x)), mode="edge")
    initial = dict(program.parameters)
    values: list[Any] = []
    with jax.enable_x64(True), nans_allowed():
        one, zero = jnp.ones(BLOCK, dtype), jnp.zeros(BLOCK, dtype)
        for op, args, payload in program.nodes:
            if args:
                function = _compiled(PRIMITIVES[op].function)
                values.append(function(*zip(*(values[arg] for arg in args), strict=True)))
            elif op == "input":
                values.append((jnp.asarray(padded).astype(dtype), one))
            else:
                leaf = payload if op == "constant" else initial[str(payload)]
                values.append((jnp.full(BLOCK, float(leaf or 0.0), dtype), zero))
        value, slope = (np.asarray(row.astype(jnp.float64))[: len(x)] for row in values[-1])
    return value, slope


@functools.lru_cache(maxsize=1024)
def _compiled(function: Callable[..., jax.Array]) -> Callable[..., tuple[jax.Array, jax.Array]]:
    """Returns (operands, tangents) -> (value, tangent), compiled for each dtype when it is first met."""
    return jax.jit(lambda operands, tangents: jax.jvp(function, operands, tangents))


def rounding_errors(program: Program, dtype: str) -> tuple[float, float]:
    """Returns the relative root mean square error of value and slope in a dtype, at 256 quantiles of N(0, 1).

    The input is rounded first, and counts as exact.
    """
    x = np.asarray(jnp.asarray(points()[:256]).astype(dtype).astype(jnp.float32), float)
    exact = jets(program, x, 1)
    found = evaluate_in(program, x, dtype)
    value, slope = (_relative(row, true) for row, true in zip(found, exact, strict=True))
    return value, slope


def _relative(found: np.ndarray, exact: np.ndarray) -> float:
    scale = float(np.sqrt(np.mean(exact**2)))
    error = float(np.sqrt(np.mean((found - exact) ** 2)))
    return error / scale if scale else error


def _errors(which: int, program: Program) -> Measured:
    errors = {dtype: float(f"{rounding_errors(program, dtype)[which]:.3g}") for dtype in DTYPES[1:]}
    return Measured(errors, "sampled")


def _overflow(program: Program) -> Measured:
    found = {dtype: _sides(program, dtype, lambda value, exact: ~np.isfinite(value)) for dtype in DTYPES}
    for dtype, most in STORED.items():
        found[dtype] = _sides(program, "float32", functools.partial(_beyond, most))
    return Measured(found, "sampled")


def _beyond(most: float, value: np.ndarray, exact: np.ndarray) -> np.ndarray:
    outside: np.ndarray = ~(np.abs(value) <= most)
    return outside


def _underflow(program: Program) -> Measured:
    return Measured(
        {dtype: _sides(program, dtype, lambda value, exact: (value == 0) & (exact != 0)) for dtype in DTYPES},
        "sampled",
    )


def _sides(program: Program, dtype: str, wrong: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> str:
    """Returns the x nearest to 0 on each side from which something is wrong, three digits; "-" for never."""
    limit = np.log2(float(jnp.finfo(dtype).max))  # type: ignore[no-untyped-call]
    octaves = _OCTAVES[limit > _OCTAVES]
    found = []
    for sign in (-1, 1):
        start, stop = octaves[0], octaves[-1]
        first = None
        for _ in range(2):  # over all octaves, then between the last point that is right and the first that is not
            x = sign * np.exp2(np.linspace(start, stop, BLOCK))
            failed = np.flatnonzero(wrong(evaluate_in(program, x, dtype)[0], jets(program, x)[0]))
            if not len(failed):
                break
            first = x[failed[0]]
            start, stop = np.log2(np.abs(x[[max(failed[0] - 1, 0), failed[0]]]))
        if first is not None:
            found.append(f"x {'<' if sign < 0 else '>'} {first:.3g}")
    return ", ".join(found) or "never"


PRECISION = rows(
    "precision",
    ("value_error", functools.partial(_errors, 0), "relative error of f in a dtype, root mean square under N(0, 1)"),
    ("slope_error", functools.partial(_errors, 1), "the same of f'"),
    (
        "overflow",
        _overflow,
        "where f, computed in a dtype, is not finite; float8: where it is beyond the largest number",
    ),
    ("underflow", _underflow, "where f, computed in a dtype, is 0 and should not be"),
)
"""The family's properties."""

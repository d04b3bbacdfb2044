"""Fingerprint, version 1: what archives and tables of before hold. It never changes; see `fingerprint` for today's.

It differs from version 2 in three ways: its points end at +-5, a layer is compared on one tensor after `simplify`, and
the names of parameters count.
"""

import hashlib

import numpy as np

from actsearch.engine.probe import FLOAT32_MAX, evaluate_all, points, quantise, tensor_probe
from actsearch.language import Program, simplify


def identity_v1(program: Program) -> tuple[str, bool]:
    """Returns the fingerprint, 32 hexadecimal digits, and whether every output is finite in float32."""
    if program.reductions:  # they may cancel, and what is left is a curve
        program = simplify(program)
    outputs = _outputs(program)
    codes = quantise(outputs)
    moved = [i for i in range(1, len(outputs)) if (codes[i] != codes[0]).any()]
    rows = sorted((*program.parameters[i - 1], codes[i].tobytes()) for i in moved)
    digest = hashlib.blake2b(codes[0].tobytes(), digest_size=16)
    for name, initial, row in rows:
        digest.update(f"{name}={initial!r}".encode())
        digest.update(row)
    return digest.hexdigest(), bool((np.abs(outputs) <= FLOAT32_MAX).all())


def _outputs(program: Program) -> np.ndarray:
    """Returns outputs [1 + parameters, probe]: every parameter at its generic value, then one of them moved."""
    names = [name for name, _ in program.parameters]
    values = np.array([[_generic(name)[0] for name in names]] * (len(names) + 1))
    for i, name in enumerate(names):
        values[i + 1, i] = _generic(name)[1]
    tensor = tensor_probe() if program.reductions else points()
    return evaluate_all(program, tensor[None], values).reshape(len(values), -1)


def _generic(name: str) -> tuple[float, float]:
    """Returns two values of a parameter at which no special identity holds."""
    if name == "beta":
        return 0.73, 1.3371
    number = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "big") / 2**32
    return 0.55 + 0.4 * number, 1.15 + 0.4 * number

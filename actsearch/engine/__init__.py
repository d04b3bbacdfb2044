"""A program as JAX, two ways that agree in value and gradient, and its functional identity."""

from actsearch.engine.fingerprint import fingerprint, probe
from actsearch.engine.function import LayerFunction, NormSettings
from actsearch.engine.interpret import interpret, interpreter
from actsearch.engine.specialize import specialize, to_function

__all__ = [
    "LayerFunction",
    "NormSettings",
    "fingerprint",
    "interpret",
    "interpreter",
    "probe",
    "specialize",
    "to_function",
]

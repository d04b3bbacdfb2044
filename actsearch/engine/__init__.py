"""A program as JAX, two ways that agree in value and gradient, and its functional identity."""

from actsearch.engine.fingerprint import fingerprint, probe
from actsearch.engine.interpret import interpreter
from actsearch.engine.specialize import to_function

__all__ = ["fingerprint", "interpreter", "probe", "to_function"]

"""A program as JAX, two ways that agree in value and gradient, and its functional identity."""

from actsearch.engine.fingerprint import fingerprint
from actsearch.engine.interpret import interpret, interpreter
from actsearch.engine.specialize import Candidate, Reductions, specialize, to_function
__all__ = ["Candidate", "Reductions", "fingerprint", "interpret", "interpreter", "specialize", "to_function"]

"""A program as JAX, two ways that agree in value and gradient, and its functional identity."""

from actsearch.engine.counting import FunctionCounts, count_functions
from actsearch.engine.embedding import Embedding, embed
from actsearch.engine.fingerprint import FINGERPRINT_VERSION, Identity, fingerprint, identity
from actsearch.engine.function import LayerFunction, NormSettings
from actsearch.engine.interpret import interpret, interpreter
from actsearch.engine.specialize import specialize, to_function

__all__ = [
    "FINGERPRINT_VERSION",
    "Embedding",
    "FunctionCounts",
    "Identity",
    "LayerFunction",
    "NormSettings",
    "count_functions",
    "embed",
    "fingerprint",
    "identity",
    "interpret",
    "interpreter",
    "specialize",
    "to_function",
]

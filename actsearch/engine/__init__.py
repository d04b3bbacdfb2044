"""A program as JAX, three ways that agree in value and gradient, and its functional identity."""

from actsearch.engine.banks import bank
from actsearch.engine.counting import FunctionCounts, count_functions
from actsearch.engine.embedding import Embedding, embed
from actsearch.engine.fingerprint_v2 import FINGERPRINT_VERSION, Identity, fingerprint, identity
from actsearch.engine.formula import specialize, to_function
from actsearch.engine.function import LayerFunction, NormSettings
from actsearch.engine.interpretation import interpret, interpreter
from actsearch.engine.membership import find_member

__all__ = [
    "FINGERPRINT_VERSION",
    "Embedding",
    "FunctionCounts",
    "Identity",
    "LayerFunction",
    "NormSettings",
    "bank",
    "count_functions",
    "embed",
    "find_member",
    "fingerprint",
    "identity",
    "interpret",
    "interpreter",
    "specialize",
    "to_function",
]

"""actsearch discovers activation functions and normalization-activation layers, in JAX and Flax.

>>> import actsearch
>>> program = actsearch.parse("x * sigmoid(beta * x)")
>>> program.parameters
(('beta', 1.0),)
"""

from actsearch.engine import fingerprint, to_function
from actsearch.language import ActsearchError, ParseError, Program, parse, simplify
from actsearch.search import search

__version__ = "0.1.0"
__all__ = ["ActsearchError", "ParseError", "Program", "fingerprint", "parse", "search", "simplify", "to_function"]

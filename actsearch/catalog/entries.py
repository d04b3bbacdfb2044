"""The whole catalog, and the groups of it that experiments compare winners with."""

from collections.abc import Mapping
from types import MappingProxyType

from actsearch.catalog.activations import ACTIVATIONS, SWISH
from actsearch.catalog.entry import Entry
from actsearch.catalog.gates import PUBLISHED_GATES
from actsearch.catalog.layers import PUBLISHED_LAYERS

CATALOG: Mapping[str, Entry] = MappingProxyType(ACTIVATIONS | PUBLISHED_LAYERS | PUBLISHED_GATES)
"""Published activations, layers and gates by name. Read only."""

BASELINES = ("relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "tanh", "softplus")
"""What the winners of a search for activations are verified against."""

SWISH_PAPER = tuple(name for name, entry in CATALOG.items() if entry.paper == SWISH)
"""The eight functions that the Swish paper's search reports."""

LAYERS = tuple(PUBLISHED_LAYERS)
"""The entries that are whole layers: they normalise, or stand in for a layer that does."""

LAYER_BASELINES = (
    "batch_norm_relu",
    "batch_norm_silu",
    "group_norm_relu",
    "frn_tlu",
    "evonorm_b0",
    "evonorm_s0",
    "dyt",
)
"""What the winners of a search for layers are verified against."""

GATES = tuple(PUBLISHED_GATES)
"""The entries that join two inputs; the winners of a search for gates are verified against them."""

"""Published activations and layers as programs, each with its paper: what winners are compared with and named after."""

from types import MappingProxyType

from actsearch.catalog.activations import ACTIVATIONS, SWISH_PAPER
from actsearch.catalog.entry import Entry
from actsearch.catalog.layers import PUBLISHED_LAYERS

CATALOG: MappingProxyType[str, Entry] = MappingProxyType(ACTIVATIONS | PUBLISHED_LAYERS)
"""Published activations and layers by name. Read only."""

BASELINES = ("relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "tanh", "softplus")
"""What the winners of a search for activations are verified against."""

PUBLISHED = tuple(name for name, entry in CATALOG.items() if entry.paper == SWISH_PAPER)
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

__all__ = ["BASELINES", "CATALOG", "LAYERS", "LAYER_BASELINES", "PUBLISHED", "Entry"]

"""The whole catalog, and the groups of it that experiments compare winners with."""

from collections.abc import Mapping
from types import MappingProxyType

from actsearch.catalog.activations import ACTIVATIONS, SWISH
from actsearch.catalog.dynamic import DYNAMIC
from actsearch.catalog.entry import Entry
from actsearch.catalog.fixed import FIXED
from actsearch.catalog.gates import PUBLISHED_GATES
from actsearch.catalog.layers import PUBLISHED_LAYERS
from actsearch.catalog.normalising import NORMALISING
from actsearch.catalog.trained import TRAINED

ENTRIES = ACTIVATIONS | PUBLISHED_LAYERS | PUBLISHED_GATES | FIXED | TRAINED | DYNAMIC | NORMALISING
"""What `register` adds to."""

CATALOG: Mapping[str, Entry] = MappingProxyType(ENTRIES)
"""Published activations, layers and gates by name, and those that `register` adds. Read only."""

BASELINES = ("relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "tanh", "softplus")
"""What the winners of a search for activations are verified against."""

SWISH_PAPER = tuple(name for name, entry in CATALOG.items() if entry.paper == SWISH)
"""The eight functions that the Swish paper's search reports."""

LAYERS = tuple(PUBLISHED_LAYERS)
"""The best known of the entries that are whole layers: they normalise, or stand in for a layer that does."""

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

GATES = ("glu", "bilinear", "reglu", "geglu", "swiglu")
"""What the winners of a search for gates are verified against."""

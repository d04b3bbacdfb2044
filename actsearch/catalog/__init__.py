"""Published activations and layers as programs, each with its paper: what winners are compared with and named after."""

from actsearch.catalog.entries import BASELINES, CATALOG, LAYER_BASELINES, LAYERS, SWISH_PAPER
from actsearch.catalog.entry import Entry
from actsearch.catalog.naming import identify

__all__ = ["BASELINES", "CATALOG", "LAYERS", "LAYER_BASELINES", "SWISH_PAPER", "Entry", "identify"]

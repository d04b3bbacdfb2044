"""Published gates as programs: what joins the two linear maps of a gated feed-forward, W x and V x.

Of the two inputs of a program, `x` is the one that is activated, x = W h, and `y` the linear one, y = V h; the layer
after it maps their joint value back. Equal numbers of weights to an ungated network need 2/3 of its width.
"""

from actsearch.catalog.entry import by_name, entry

_SHAZEER = "Shazeer 2020, GLU Variants Improve Transformer"
_ABSTRACT = "the paper's public text"

_ENTRIES = (
    entry(
        "glu",
        "sigmoid(x) * y",
        "Dauphin, Fan, Auli, Grangier 2017, Language Modeling with Gated Convolutional Networks",
        source=_ABSTRACT,
        notes="jax.nn.glu activates the second half of its input, which is x here",
    ),
    entry("bilinear", "x * y", _SHAZEER, source=_ABSTRACT, notes="the control: no function of one input alone"),
    entry("reglu", "relu(x) * y", _SHAZEER, source=_ABSTRACT),
    entry("geglu", "gelu(x) * y", _SHAZEER, source=_ABSTRACT, notes="the exact GELU, with erf"),
    entry("swiglu", "silu(x) * y", _SHAZEER, source=_ABSTRACT, notes="Swish with beta fixed at 1"),
)

PUBLISHED_GATES = by_name(_ENTRIES)
"""Published gates by name."""

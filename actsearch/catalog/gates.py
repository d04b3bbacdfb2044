"""Published gates as programs: what joins the two linear maps of a gated feed-forward, W x and V x.

Of the two inputs of a program, `x` is the one that is activated, x = W h, and `y` the linear one, y = V h; the layer
after it maps their joint value back. Equal numbers of weights to an ungated network need 2/3 of its width.
"""

from collections.abc import Mapping

from actsearch.catalog.entry import Entry, by_name, entry

_SHAZEER = "Shazeer 2020, GLU Variants Improve Transformer"
_GATING = "Huang 2024, Expanded Gating Ranges"
_ABSTRACT = "the paper's public text"
_MEMORY = "from memory of the paper"


def _expanded(name: str, gate: str, special: Mapping[str, Mapping[str, float]]) -> Entry:
    """Returns the first-order unit of a gate whose range (0, 1) is expanded to (-alpha, 1 + alpha)."""
    return entry(
        name,
        f"scalar alpha = 0; ({gate} * (1 + 2 * alpha) - alpha) * y",
        _GATING,
        source="two public implementations, and the paper's text",
        notes="first order: the gate without the factor x; one alpha a block, starting at 0",
        special=special,
    )


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
    entry(
        "drelu_glu",
        "relu(x) * relu(y)",
        "Song et al. 2024, Turbo Sparse",
        source=_MEMORY,
        notes="0 for three of four random pairs",
        verified=False,
    ),
    _expanded("xatglu", "(atan(x) + pi / 2) / pi", {}),
    _expanded("xgeglu", "0.5 * erfc(-x / sqrt(2))", {}),
    _expanded("xswiglu", "sigmoid(x)", {"glu": {"alpha": 0}}),
    entry(
        "atglu_second",
        "x * (atan(x) + pi / 2) / pi * y",
        _GATING,
        source=_ABSTRACT,
        notes="second order: atlu(x) y; an expanded range does not help here",
    ),
    entry(
        "simple_gate",
        "x * y",
        "Chen et al. 2022, Simple Baselines for Image Restoration",
        source="several public ports",
        notes="the two halves of one map's channels there",
        special={"bilinear": {}},
    ),
    entry(
        "powlu",
        "(pow(relu(x), 3 / (sqrt(relu(x)) + 1)) + minzero(x)) * sigmoid(x) * y",
        "Jiang et al. 2026, PowLU",
        source="two public ports",
        notes="m = 3: x^(m / (sqrt(x) + 1)) in the place of SiLU's x on the right",
    ),
    entry(
        "cats_gate",
        "silu(x) * step(abs(silu(x)) - 0.1) * y",
        "Lee et al. 2024, CATS: Contextually-Aware Thresholding for Sparsity",
        source=_MEMORY,
        notes="the threshold, 0.1 here, is a quantile of a trained layer there",
        verified=False,
    ),
    entry(
        "gabor_real",
        "scalar omega = 10; scalar sigma = 10; cos(omega * x) * gauss(sigma * y)",
        "Saragadam et al. 2023, WIRE: Wavelet Implicit Neural Representations",
        source="several public ports, whose defaults differ",
        notes="the real variant: two maps of one input",
    ),
    entry(
        "rezero",
        "scalar alpha = 0; x + alpha * y",
        "Bachlechner et al. 2020, ReZero is All You Need",
        source=_ABSTRACT,
        notes="a residual connection: x is the stream and y what the block makes of it; at first only alpha learns",
        special={"x": {"alpha": 0}},
    ),
)

PUBLISHED_GATES = by_name(_ENTRIES)
"""Published gates by name."""

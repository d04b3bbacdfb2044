"""Published layers as programs, each with its paper. A new one is one row; `actsearch.catalog` collects them.

A layer normalises, or stands in for one that does, and ends in a trained affine map: `gamma` starts at 1,
`shift` at 0, one value per channel. Where ports of one layer disagree, the defaults of
`actsearch.nn.Layer` hold:

    epsilon           1e-5, inside the root. TPU and Flax ports of EvoNorm agree; timm's B0 has 1e-3, FRN's paper 1e-6.
    moving averages   new = 0.9 old + 0.1 batch, as the TPU port and timm. Flax's BatchNorm has 0.99 by default.
    running variance  biased, the mean of squared differences, as the TPU port and Flax; torch keeps n/(n-1) of it.
    groups            32, lowered to the largest divisor of the channels, as the TPU and Flax ports; timm asserts one.
    channel axis      the last; a moving average is [features].
    index sets        layer_norm and rms_norm run over the features alone, `feature_`, as those of Flax and PyTorch, so
                      that a causal network stays causal. The EvoNorm paper's `layer_` is space and features.
"""

from actsearch.catalog.entry import by_name, entry

_EVONORM = "Liu, Brock, Simonyan, Le 2020, Evolving Normalization-Activation Layers"
_PORTS = "several public ports, among them the authors' TPU code"
_FLAX = "Flax's own layer"

_BATCH = (
    "epsilon 1e-5, momentum 0.9 (Flax 0.99), biased running variance as Flax (torch and timm n/(n-1)); one pair of "
    "moving averages per channel, [features]"
)
_EVONORM_B = (
    "epsilon 1e-5 as TPU and Flax (timm 1e-3), momentum 0.9 as TPU and timm (Flax 0.99), biased running variance as "
    "TPU (timm n/(n-1))"
)
_GROUPS = "epsilon 1e-5; 32 groups, lowered to the largest divisor of the channels as TPU and Flax (timm asserts 32)"
_LAYER = "epsilon 1e-5; over the features alone, in images and sequences too"

_ENTRIES = (
    entry(
        "batch_norm_relu",
        "relu((x - batch_mean(x)) / batch_std(x) * gamma + shift)",
        "Ioffe, Szegedy 2015, Batch Normalization",
        source=_FLAX,
        notes=_BATCH,
    ),
    entry(
        "batch_norm_silu",
        "silu((x - batch_mean(x)) / batch_std(x) * gamma + shift)",
        "Ioffe, Szegedy 2015, Batch Normalization",
        source=_FLAX,
        notes=_BATCH + "; SiLU: Hendrycks, Gimpel 2016",
    ),
    entry(
        "group_norm_relu",
        "relu((x - group_mean(x)) / group_std(x) * gamma + shift)",
        "Wu, He 2018, Group Normalization",
        source=_FLAX,
        notes=_GROUPS + "; Flax's epsilon is 1e-6",
    ),
    entry(
        "layer_norm",
        "(x - feature_mean(x)) / feature_std(x) * gamma + shift",
        "Ba, Kiros, Hinton 2016, Layer Normalization",
        source=_FLAX,
        notes=_LAYER + "; Flax's epsilon is 1e-6",
    ),
    entry(
        "rms_norm",
        "x / feature_rms(x) * gamma",
        "Zhang, Sennrich 2019, Root Mean Square Layer Normalization",
        source=_FLAX,
        notes=_LAYER + "; no offset; Flax's epsilon is 1e-6",
    ),
    entry(
        "instance_norm",
        "(x - instance_mean(x)) / instance_std(x) * gamma + shift",
        "Ulyanov, Vedaldi, Lempitsky 2016, Instance Normalization",
        source=_FLAX,
        notes="epsilon 1e-5 as torch (Flax 1e-6); statistics of the example in evaluation too; 0 on a single pixel",
    ),
    entry(
        "frn_tlu",
        "param tau = 0; max(x / instance_rms(x) * gamma + shift, tau)",
        "Singh, Krishnan 2020, Filter Response Normalization Layer",
        source="timm's port: epsilon 1e-5 inside the root, not trained; tau starts at 0",
        notes="epsilon 1e-5 as timm and all layers here; 1e-6 as the paper's, and trained for 1x1 maps there, is "
        "unverified: pass epsilon=1e-6 to have it",
    ),
    entry(
        "evonorm_b0",
        "x / max(batch_std(x), v1 * x + instance_std(x)) * gamma + shift",
        _EVONORM,
        source=_PORTS,
        notes=_EVONORM_B + "; v1 starts at 1",
    ),
    entry(
        "evonorm_b1",
        "x / max(batch_std(x), (x + 1) * instance_rms(x)) * gamma + shift",
        _EVONORM,
        source=_PORTS,
        notes=_EVONORM_B,
    ),
    entry(
        "evonorm_b2",
        "x / max(batch_std(x), instance_rms(x) - x) * gamma + shift",
        _EVONORM,
        source=_PORTS,
        notes=_EVONORM_B,
    ),
    entry(
        "evonorm_s0",
        "x * sigmoid(v1 * x) / group_std(x) * gamma + shift",
        _EVONORM,
        source=_PORTS,
        notes=_GROUPS + "; v1 starts at 1",
    ),
    entry(
        "evonorm_s1",
        "x * sigmoid(x) / group_std(x) * gamma + shift",
        _EVONORM,
        source=_PORTS,
        notes=_GROUPS,
    ),
    entry(
        "evonorm_s2",
        "x * sigmoid(x) / group_rms(x) * gamma + shift",
        _EVONORM,
        source=_PORTS,
        notes=_GROUPS,
    ),
    entry(
        "dyt",
        "param alpha = 0.5; tanh(alpha * x) * gamma + shift",
        "Zhu, Chen, He, LeCun, Liu 2025, Transformers without Normalization",
        source="the paper's public text",
        notes="alpha starts at 0.5; one value per channel here, one scalar for all channels in the paper",
    ),
    entry(
        "derf",
        "param alpha = 0.5; param s = 0; erf(alpha * x + s) * gamma + shift",
        "Chen et al. 2025, Stronger Normalization-Free Transformers",
        source="the paper's public text",
        notes="alpha starts at 0.5 and s at 0; one value per channel here, one scalar each in the paper",
    ),
)

PUBLISHED_LAYERS = by_name(_ENTRIES)
"""Published layers by name."""

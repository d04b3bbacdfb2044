"""Published layers as programs, each with its paper. A new one is one row; `actsearch.catalog` collects them.

A layer normalises, or stands in for one that does, and ends in a trained affine map: `gamma` starts at 1,
`beta` at 0, one value per channel. Where ports of one layer disagree, the defaults of
`actsearch.nn.Layer` hold:

    epsilon           1e-5, inside the root. TPU and Flax ports of EvoNorm agree; timm's B0 has 1e-3, FRN's paper 1e-6.
    moving averages   new = 0.9 old + 0.1 batch, as the TPU port and timm. Flax's BatchNorm has 0.99 by default.
    running variance  biased, the mean of squared differences, as the TPU port and Flax; torch keeps n/(n-1) of it.
    groups            32, lowered to the largest divisor of the channels, as the TPU and Flax ports; timm asserts one.
    channel axis      the last; a moving average is [features].
    index sets        `layer_` is space and features of an image, [batch, height, width, features], and features of
                      [batch, features]. Flax's LayerNorm and RMSNorm run over the features alone in both.

Rows with a K in `notes` are from knowledge of the paper alone and were not checked against its text.
"""

from actsearch.catalog.entry import entries

_EVONORM = "Liu, Brock, Simonyan, Le 2020, Evolving Normalization-Activation Layers"
_BATCH_NORM = "Ioffe, Szegedy 2015, Batch Normalization"
_BATCH = (
    "epsilon 1e-5, momentum 0.9 (Flax 0.99), biased running variance as Flax (torch and timm n/(n-1)); one pair of "
    "moving averages per channel, [features]"
)
_EVONORM_B = (
    "epsilon 1e-5 as TPU and Flax (timm 1e-3), momentum 0.9 as TPU and timm (Flax 0.99), biased running variance as "
    "TPU (timm n/(n-1))"
)
_GROUPS = "epsilon 1e-5; 32 groups, lowered to the largest divisor of the channels as TPU and Flax (timm asserts 32)"
_LAYER = (
    "epsilon 1e-5; over the features of [batch, features], over space and features of an image, where Flax's own runs "
    "over the features alone"
)

_AFFINE = "param beta = 0; "

_ROWS = (
    (
        "batch_norm_relu",
        _AFFINE + "relu((x - batch_mean(x)) / batch_std(x) * gamma + beta)",
        _BATCH_NORM,
        _BATCH,
    ),
    (
        "batch_norm_silu",
        _AFFINE + "silu((x - batch_mean(x)) / batch_std(x) * gamma + beta)",
        _BATCH_NORM,
        _BATCH + "; SiLU: Hendrycks, Gimpel 2016",
    ),
    (
        "group_norm_relu",
        _AFFINE + "relu((x - group_mean(x)) / group_std(x) * gamma + beta)",
        "Wu, He 2018, Group Normalization",
        _GROUPS + "; Flax's epsilon is 1e-6",
    ),
    (
        "layer_norm",
        _AFFINE + "(x - layer_mean(x)) / layer_std(x) * gamma + beta",
        "Ba, Kiros, Hinton 2016, Layer Normalization",
        _LAYER + "; Flax's epsilon is 1e-6",
    ),
    (
        "rms_norm",
        "x / layer_rms(x) * gamma",
        "Zhang, Sennrich 2019, Root Mean Square Layer Normalization",
        _LAYER + "; no offset; Flax's epsilon is 1e-6",
    ),
    (
        "instance_norm",
        _AFFINE + "(x - instance_mean(x)) / instance_std(x) * gamma + beta",
        "Ulyanov, Vedaldi, Lempitsky 2016, Instance Normalization",
        "epsilon 1e-5 as torch (Flax 1e-6); statistics of the example in evaluation too; 0 where space has size 1",
    ),
    (
        "frn_tlu",
        _AFFINE + "param tau = 0; max(x / instance_rms(x) * gamma + beta, tau)",
        "Singh, Krishnan 2020, Filter Response Normalization Layer",
        "the threshold tau is trained and starts at 0; the paper's epsilon is 1e-6 inside the root, ours 1e-5 for all "
        "layers: pass epsilon=1e-6 to have the paper's; its trained epsilon for 1x1 maps is left out. K: paper",
    ),
    (
        "evonorm_b0",
        _AFFINE + "x / max(batch_std(x), v1 * x + instance_std(x)) * gamma + beta",
        _EVONORM,
        _EVONORM_B + "; v1 starts at 1",
    ),
    (
        "evonorm_b1",
        _AFFINE + "x / max(batch_std(x), (x + 1) * instance_rms(x)) * gamma + beta",
        _EVONORM,
        _EVONORM_B,
    ),
    (
        "evonorm_b2",
        _AFFINE + "x / max(batch_std(x), instance_rms(x) - x) * gamma + beta",
        _EVONORM,
        _EVONORM_B,
    ),
    (
        "evonorm_s0",
        _AFFINE + "x * sigmoid(v1 * x) / group_std(x) * gamma + beta",
        _EVONORM,
        _GROUPS + "; v1 starts at 1",
    ),
    (
        "evonorm_s1",
        _AFFINE + "x * sigmoid(x) / group_std(x) * gamma + beta",
        _EVONORM,
        _GROUPS,
    ),
    (
        "evonorm_s2",
        _AFFINE + "x * sigmoid(x) / group_rms(x) * gamma + beta",
        _EVONORM,
        _GROUPS,
    ),
    (
        "dyt",
        _AFFINE + "param alpha = 0.5; tanh(alpha * x) * gamma + beta",
        "Zhu, Chen, He, LeCun, Liu 2025, Transformers without Normalization",
        "alpha starts at 0.5; one value per channel here, one scalar for all channels in the paper. K: paper",
    ),
    (
        "derf",
        _AFFINE + "param alpha = 0.5; param s = 0; erf(alpha * x + s) * gamma + beta",
        "Chen et al. 2025, Stronger Normalization-Free Transformers",
        "alpha starts at 0.5 and s at 0; one value per channel here, one scalar each in the paper. K: paper",
    ),
)

PUBLISHED_LAYERS = entries(_ROWS)
"""Published layers by name."""

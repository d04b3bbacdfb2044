"""More published functions without trained parameters; the best known ones are in `activations`. A new one is a row.

A constant that a paper leaves open has the value that its row names; write the formula with another one to have that.
"""

from actsearch.catalog.activations import JAX
from actsearch.catalog.entry import by_name, entry

_TORCH = "torch.nn.functional"
_SAFS = "the public code of Loni et al. 2023, Learning Activation Functions for Sparse Neural Networks"
_LISHT = "several public ports, as benchmarks of activations have it"
_MONOTONIC = "Runje, Shankaranarayana 2023, Constrained Monotonic Neural Networks"
_SPARSE = "Price et al. 2024, Deep Neural Network Initialization with Sparsity Inducing Activations"
_ALPHA = "Vitvitskyi et al. 2026, Mining Generalizable Activation Functions"
_PORT = "a third-party port of the paper"
_UNNORMALIZED = "Brock, De, Smith 2021, Characterizing signal propagation in unnormalized ResNets"
_GAIN = "the reciprocal of its standard deviation under N(0, 1); the published constant is a sample estimate"
_TEXT = "the paper's public text"
_MEMORY = "from memory of the paper"

_ENTRIES = (
    entry(
        "celu",
        "max(x, 0) + expm1(min(x, 0))",
        "Barron 2017, Continuously Differentiable Exponential Linear Units",
        source=JAX,
        notes="max(x, 0) + min(0, a (exp(x / a) - 1)) at a = 1, where it is ELU",
        special={"elu": {}},
    ),
    entry(
        "elu1_feature",
        "elu(x) + 1",
        "Katharopoulos et al. 2020, Transformers are RNNs",
        source="several public ports",
        notes="the feature map of linear attention, positive; exp(x) below 0",
    ),
    entry("square", "x^2", "classical: quadratic networks", source="its definition", notes="diverges easily"),
    entry(
        "squareplus",
        "(x + sqrt(x^2 + 4)) / 2",
        "Barron 2021, Squareplus: A Softplus-Like Algebraic Rectifier",
        source=JAX,
        notes="b = 4; in float16 use |x| < 256",
    ),
    entry(
        "sparse_plus",
        "(clip(x, -1, 1) + 1)^2 / 4 + max(x - 1, 0)",
        "Martins, Astudillo 2016, From Softmax to Sparsemax",
        source=JAX,
        notes="the loss that belongs to sparsemax",
    ),
    entry(
        "sparse_sigmoid", "clip((x + 1) / 2, 0, 1)", "Martins, Astudillo 2016, From Softmax to Sparsemax", source=JAX
    ),
    entry("tanhshrink", "x - tanh(x)", "classical", source=_TORCH),
    entry("hardshrink", "x * (1 - step(0.5 - abs(x)))", "classical: hard thresholding", source=_TORCH, notes="at 0.5"),
    entry(
        "gcu",
        "x * cos(x)",
        "Noel et al. 2021, Growing Cosine Unit",
        source="several public ports",
        notes="its slope has no bound",
    ),
    entry(
        "spder",
        "sin(x) * sqrt(abs(x))",
        "Shah, Sitawarin 2023, SPDER: Semiperiodic Damping-Enabled Object Representation",
        source=_TEXT,
        notes="slope 0 at 0, as is true; for networks of coordinates",
    ),
    entry("lisht", "x * tanh(x)", "Roy et al. 2019, LiSHT", source=_LISHT),
    entry(
        "elliott",
        "0.5 * x / (1 + abs(x)) + 0.5",
        "Elliott 1993, A better activation function for artificial neural networks",
        source=_MEMORY,
        verified=False,
    ),
    entry(
        "elish",
        "elu(x) * sigmoid(x)",
        "Basirat, Roth 2018, The Quest for the Golden Activation Function",
        source=_SAFS,
    ),
    entry(
        "hard_elish",
        "elu(x) * clip(0.2 * x + 0.5, 0, 1)",
        "Basirat, Roth 2018, The Quest for the Golden Activation Function",
        source=_SAFS,
        notes="with the hard sigmoid of early Keras, clip(0.2 x + 0.5, 0, 1), not that of jax.nn; the paper has "
        "clip((x + 1) / 2, 0, 1), from memory",
    ),
    entry(
        "symlog",
        "log(1 + max(x, 0)) - log(1 + max(-x, 0))",
        "Hafner et al. 2023, Mastering Diverse Domains through World Models",
        source=_SAFS,
        notes="sign(x) log(1 + |x|), with its slope 1 at 0",
    ),
    entry(
        "symexp",
        "expm1(max(x, 0)) - expm1(max(-x, 0))",
        "Hafner et al. 2023, Mastering Diverse Domains through World Models",
        source=_SAFS,
        notes="sign(x) (exp|x| - 1), with its slope 1 at 0; the inverse of symlog; overflows beyond 88 in float32",
    ),
    entry(
        "neg_sig_hardsig",
        "-x * sigmoid(x) * hard_sigmoid(x)",
        "Bingham, Miikkulainen 2023, Efficient Activation Function Optimization through Surrogate Modeling",
        source="the paper's public code, which names the three factors",
        notes="the hard sigmoid is that of jax.nn here",
    ),
    entry("gelusine", "gelu(x) + 0.1 * sin(x)", _ALPHA, source=_PORT),
    entry("gmtu", "tanh(1.5 * x) * exp(-0.2 * x^2) + 0.2 * x", _ALPHA, source=_PORT),
    entry(
        "mono_reflect",
        "-elu(-x)",
        _MONOTONIC,
        source=_TEXT,
        notes="the concave twin -rho(-x) of rho, here ELU; the three of a triple serve 7:7:2 of the units",
    ),
    entry(
        "mono_saturated",
        "elu(min(x, 0) + 1) - elu(1 - max(x, 0))",
        _MONOTONIC,
        source=_TEXT,
        notes="the saturated third of the triple, here of ELU; that of ReLU is hard_tanh",
    ),
    entry("shifted_relu", "relu(x - 1)", _SPARSE, source=_TEXT, notes="max(0, x - tau) at tau = 1"),
    entry("soft_threshold", "x - clip(x, -1, 1)", _SPARSE, source=_TEXT, notes="tau = 1; torch's softshrink has 0.5"),
    entry(
        "clipped_shifted_relu",
        "clip(x - 1, 0, 1)",
        _SPARSE,
        source=_MEMORY,
        notes="tau = 1 and m = 1, the clip of the output",
        verified=False,
    ),
    entry(
        "clipped_soft_threshold",
        "clip(x - clip(x, -1, 1), -1, 1)",
        _SPARSE,
        source=_MEMORY,
        notes="tau = 1 and m = 1, the clip of the output",
        verified=False,
    ),
    entry(
        "elephant",
        "1 / (1 + (x / 0.16)^4)",
        "Lan, Mahmood 2023, Elephant Neural Networks: Born to Be a Continual Learner",
        source="the public code of Hard ASH",
        notes="1 / (1 + |x / a|^d) at a = 0.16 and d = 4; in float16 use |x| < 2",
    ),
    entry(
        "wide_deep_hermite",
        "0.5 * (x^3 - 3 * x) / sqrt(6) + sqrt(0.5) * (x^2 - 1) / sqrt(2) + 0.5 * x",
        "Radhakrishnan, Belkin, Uhler 2022, Wide and Deep Neural Networks Achieve Optimality for Classification",
        source=_MEMORY,
        notes="for data of 4 dimensions; zero mean and unit second moment under N(0, 1)",
        verified=False,
    ),
    entry(
        "lipschitz_cube",
        "clip(x, -1, 1)^3 / 3 + x - clip(x, -1, 1)",
        "Chen, Behrmann, Duvenaud, Jacobsen 2019, Residual Flows",
        source="the authors' code",
        notes="1-Lipschitz: x^3 / 3 inside +-1, x - sign(x) 2/3 outside",
    ),
    entry("scaled_relu", "1.7128585504496627 * relu(x)", _UNNORMALIZED, source="timm's port", notes=_GAIN),
    entry("scaled_silu", "1.7871872221004421 * silu(x)", _UNNORMALIZED, source="timm's port", notes=_GAIN),
    entry(
        "leaky_relu2",
        "max(0.5 * x, x)^2",
        "the parameter-golf language models, 2026",
        source="its public code",
        notes="not monotone: 0.25 x^2 on the left",
    ),
    entry(
        "relu2_smooth",
        "x * (x + sqrt(x^2 + 0.04)) / 2",
        "a pull request to nanochat, 2026",
        source="its public code",
        notes="a = 0.2; in float16 use |x| < 181",
    ),
)

FIXED = by_name(_ENTRIES)
"""More published functions without trained parameters, by name."""

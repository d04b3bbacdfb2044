"""Published activations as programs, each with its paper. A new one is one row; `actsearch.catalog` collects them.

Rows with a K in `notes` are from knowledge of the paper alone and were not checked against its text.
"""

from actsearch.catalog.entry import entries

SWISH_PAPER = "Ramachandran, Zoph, Le 2017, Searching for Activation Functions"
_TABLE = "K: table entry, from knowledge of the paper"

_ROWS = (
    ("relu", "relu(x)", "Nair, Hinton 2010, Rectified linear units improve restricted Boltzmann machines", ""),
    ("leaky_relu", "leaky_relu(x)", "Maas, Hannun, Ng 2013, Rectifier nonlinearities", "slope 0.01"),
    ("elu", "elu(x)", "Clevert, Unterthiner, Hochreiter 2015, ELUs", "alpha = 1"),
    ("selu", "selu(x)", "Klambauer et al. 2017, Self-normalizing neural networks", "meant for LeCun-normal weights"),
    ("gelu", "gelu(x)", "Hendrycks, Gimpel 2016, GELUs", "the exact form, with erf"),
    ("silu", "silu(x)", "Hendrycks, Gimpel 2016, GELUs", "Swish with beta fixed at 1"),
    ("mish", "mish(x)", "Misra 2019, Mish", ""),
    ("tanh", "tanh(x)", "classical", ""),
    ("softplus", "softplus(x)", "Dugas et al. 2001, Incorporating second-order functional knowledge", ""),
    ("swish", "x * sigmoid(beta * x)", SWISH_PAPER, "beta trained, one value per channel"),
    ("max_sigmoid", "max(x, sigmoid(x))", SWISH_PAPER, ""),
    ("cos_minus_x", "cos(x) - x", SWISH_PAPER, _TABLE),
    ("min_sin", "min(x, sin(x))", SWISH_PAPER, _TABLE),
    ("atan_sq_minus_x", "atan(x)^2 - x", SWISH_PAPER, _TABLE),
    ("max_tanh", "max(x, tanh(x))", SWISH_PAPER, _TABLE),
    ("sinc_plus_x", "sinc(x) + x", SWISH_PAPER, _TABLE + "; sinc(x) = sin(x)/x is assumed"),
    ("x_asinh_sq", "x * asinh(x)^2", SWISH_PAPER, _TABLE),
    ("identity", "x", "control: a linear network", ""),
    ("sigmoid", "sigmoid(x)", "classical", ""),
    ("softsign", "softsign(x)", "classical", ""),
    ("relu6", "min(relu(x), 6)", "Krizhevsky 2010; MobileNets", "K: paper"),
    ("hard_tanh", "min(max(x, -1), 1)", "classical", ""),
    ("hard_sigmoid", "hard_sigmoid(x)", "as jax.nn: relu6(x + 3) / 6", ""),
    ("hard_swish", "hard_swish(x)", "Howard et al. 2019, MobileNetV3", "K: paper"),
    (
        "gelu_tanh",
        "0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x^3)))",
        "Hendrycks, Gimpel 2016, GELUs",
        "",
    ),
    ("quick_gelu", "x * sigmoid(1.702 * x)", "Hendrycks, Gimpel 2016, GELUs", "K: paper"),
    ("squared_relu", "relu(x)^2", "Zhang et al. 2024, ReLU^2 Wins", "He gain is 0.8165, not sqrt(2)"),
    ("gaussian", "gauss(x)", "classical", ""),
    ("sine", "sin(x)", "classical", "periodic"),
    ("log_sigmoid", "log_sigmoid(x)", "classical", ""),
    ("snake", "x + sin(x)^2", "Ziyin, Hartwig, Ueda 2020, Neural networks fail to learn periodic functions", "a = 1"),
    ("atlu", "x * (atan(x) + 1.5707963267948966) / 3.141592653589793", "Huang 2024, Expanded Gating Ranges", ""),
    (
        "prelu",
        "param alpha = 0.25; relu(x) + alpha * minzero(x)",
        "He et al. 2015, Delving deep into rectifiers",
        "K: initial value",
    ),
)

ACTIVATIONS = entries(_ROWS)
"""Published activations by name."""

"""Published activations as programs, each with its paper. A new one is one row; `actsearch.catalog` collects them."""

from actsearch.catalog.entry import by_name, entry

SWISH = "Ramachandran, Zoph, Le 2017, Searching for Activation Functions"
_GELUS = "Hendrycks, Gimpel 2016, GELUs"
JAX = "jax.nn"
_DEFINITION = "its definition"
_PORT = "a public Keras port of 2019 that lists the same eight functions; the paper's table itself was not read"

_ENTRIES = (
    entry(
        "relu",
        "relu(x)",
        "Nair, Hinton 2010, Rectified linear units improve restricted Boltzmann machines",
        source=JAX,
    ),
    entry(
        "leaky_relu",
        "leaky_relu(x)",
        "Maas, Hannun, Ng 2013, Rectifier nonlinearities",
        source="jax.nn, and the text of the Swish paper on its baselines",
        notes="slope 0.01",
    ),
    entry("elu", "elu(x)", "Clevert, Unterthiner, Hochreiter 2015, ELUs", source=JAX, notes="alpha = 1"),
    entry(
        "selu",
        "selu(x)",
        "Klambauer et al. 2017, Self-normalizing neural networks",
        source="jax.nn; its two constants give zero mean and unit second moment under N(0, 1)",
        notes="meant for LeCun-normal weights",
    ),
    entry("gelu", "gelu(x)", _GELUS, source="jax.nn with approximate=False", notes="the exact form, with erf"),
    entry("silu", "silu(x)", _GELUS, source=JAX, notes="Swish with beta fixed at 1"),
    entry("mish", "mish(x)", "Misra 2019, Mish", source="the paper's abstract, and jax.nn"),
    entry("tanh", "tanh(x)", "classical", source=_DEFINITION),
    entry(
        "softplus",
        "softplus(x)",
        "Dugas et al. 2001, Incorporating second-order functional knowledge",
        source=JAX,
    ),
    entry(
        "swish",
        "x * sigmoid(beta * x)",
        SWISH,
        source="the paper's text",
        notes="beta trained, one value per channel; that it starts at 1 is our choice",
        special={"silu": {"beta": 1}, "0.5 * x": {"beta": 0}},
    ),
    entry("max_sigmoid", "max(x, sigmoid(x))", SWISH, source="the paper's text"),
    entry("cos_minus_x", "cos(x) - x", SWISH, source=_PORT),
    entry("min_sin", "min(x, sin(x))", SWISH, source=_PORT),
    entry("atan_sq_minus_x", "atan(x)^2 - x", SWISH, source=_PORT, notes="the port takes 1 / tan(x) for the inverse"),
    entry("max_tanh", "max(x, tanh(x))", SWISH, source=_PORT),
    entry("sinc_plus_x", "sinc(x) + x", SWISH, source=_PORT, notes="sinc(x) = sin(x) / x, as in the port"),
    entry("x_asinh_sq", "x * asinh(x)^2", SWISH, source=_PORT, notes="the port takes 1 / sinh(x) for the inverse"),
    entry("identity", "x", "control: a linear network", source=_DEFINITION),
    entry("sigmoid", "sigmoid(x)", "classical", source=_DEFINITION),
    entry("softsign", "softsign(x)", "classical", source=JAX),
    entry("relu6", "min(relu(x), 6)", "Krizhevsky 2010; MobileNets", source=JAX),
    entry("hard_tanh", "min(max(x, -1), 1)", "classical", source=JAX),
    entry("hard_sigmoid", "hard_sigmoid(x)", "as jax.nn: relu6(x + 3) / 6", source=JAX),
    entry("hard_swish", "hard_swish(x)", "Howard et al. 2019, MobileNetV3", source=JAX),
    entry(
        "gelu_tanh",
        "0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x^3)))",
        _GELUS,
        source="jax.nn with approximate=True",
        notes="at most 4.8e-4 from gelu; in float16 its slope needs |x| < 148",
    ),
    entry(
        "quick_gelu",
        "x * sigmoid(1.702 * x)",
        _GELUS,
        source="several public ports",
        notes="at most 0.021 from gelu",
    ),
    entry(
        "squared_relu",
        "relu(x)^2",
        "So et al. 2021, Primer: Searching for Efficient Transformers for Language Modeling",
        source="the public text of Zhang et al. 2024, ReLU^2 Wins",
        notes="He gain is 0.8165, not sqrt(2)",
    ),
    entry("gaussian", "gauss(x)", "classical", source="the list of unary functions in the text of the Swish paper"),
    entry("sine", "sin(x)", "classical", source=_DEFINITION, notes="periodic"),
    entry("log_sigmoid", "log_sigmoid(x)", "classical", source=JAX),
    entry(
        "snake",
        "x + sin(x)^2",
        "Ziyin, Hartwig, Ueda 2020, Neural networks fail to learn periodic functions",
        source="the paper's abstract",
        notes="a = 1",
    ),
    entry(
        "atlu",
        "x * (atan(x) + 1.5707963267948966) / 3.141592653589793",
        "Huang 2024, Expanded Gating Ranges",
        source="the paper's public text",
        notes="tends to -1/pi on the left",
    ),
    entry(
        "prelu",
        "param alpha = 0.25; relu(x) + alpha * minzero(x)",
        "He et al. 2015, Delving deep into rectifiers",
        source="the text of the Swish paper on its baselines: one alpha per channel, starting at 0.25",
        special={"relu": {"alpha": 0}, "leaky_relu": {"alpha": 0.01}, "abs(x)": {"alpha": -1}},
    ),
)

ACTIVATIONS = by_name(_ENTRIES)
"""Published activations by name."""

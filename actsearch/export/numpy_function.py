"""The target `python`: a function of NumPy arrays or numbers; SciPy where NumPy lacks a function."""

from actsearch.export.module import SMALLER_GROUPS
from actsearch.export.numbers import numbers
from actsearch.export.python_file import array, axes_used, comparison, function, python_file
from actsearch.export.row import INFIX, POWERS, Dialect, Row, Statistics, calls, mentions, python_number
from actsearch.export.subject import Subject, safe_names
from actsearch.export.target import Target
from actsearch.export.writer import write
from actsearch.language import Precedence
from actsearch.language.reductions import EPSILON, GROUPS

_HELPERS = {
    "sinc": '''def sinc(x):
    """sin(x) / x, and 1 at 0."""
    return np.sinc(x / np.pi)''',
    "selu": '''def selu(x):
    """SELU with its two constants."""
    return 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0)))''',
    "group_mean": '''def group_mean(x, groups):
    """Mean over space and a group of channels, repeated for each channel of the group."""
    grouped = x.reshape(*x.shape[:-1], groups, -1)
    mean = grouped.mean((*range(1, x.ndim - 1), -1), keepdims=True)
    return np.broadcast_to(mean, (*mean.shape[:-1], grouped.shape[-1])).reshape(*mean.shape[:-2], -1)''',
    "group_var": '''def group_var(x, groups):
    """Biased variance over space and a group of channels, repeated for each channel of the group."""
    return group_mean(np.square(x - group_mean(x, groups)), groups)''',
    "axes_of_space": '''def axes_of_space(x):
    """Axes between batch and channels."""
    if x.ndim < 3:
        raise ValueError(f"needs [batch, ..., channels] with an axis between them; received shape {x.shape}")
    return tuple(range(1, x.ndim - 1))''',
}

_PRODUCT = Precedence.PRODUCT
_SAME = ("abs", "sqrt", "exp", "sin", "cos", "sinh", "cosh", "tanh", "log", "expm1")

_ROWS = (
    INFIX
    | POWERS
    | calls(_SAME, "np.")
    | calls(("sinc", "selu"), "")
    | calls(("erf", "erfc"), "special.")
    | {
        "log_abs": Row("np.log(np.abs({}) + 1e-7)"),
        "asinh": Row("np.arcsinh({})"),
        "atan": Row("np.arctan({})"),
        "relu": Row("np.maximum({}, 0)"),
        "minzero": Row("np.minimum({}, 0)"),
        "sigmoid": Row("special.expit({})"),
        "softplus": Row("np.logaddexp({}, 0)"),
        "gauss": Row("np.exp(-{:atom}**2)"),
        "signed_sqrt": Row("np.sign({0}) * np.sqrt(np.abs({0}))", _PRODUCT),
        "signed_log": Row("np.sign({0}) * np.log(np.abs({0}) + 1e-7)", _PRODUCT),
        "log_sigmoid": Row("-np.logaddexp(-{:sign}, 0)", Precedence.SIGN),
        "bessel_i0e": Row("special.i0e({})"),
        "bessel_i1e": Row("special.i1e({})"),
        "elu": Row("np.where({0} > 0, {0}, np.expm1(np.minimum({0}, 0)))"),
        "silu": Row("{0:product} * special.expit({0})", _PRODUCT),
        "gelu": Row("{0:product} * special.ndtr({0})", _PRODUCT),
        "mish": Row("{0:product} * np.tanh(np.logaddexp({0}, 0))", _PRODUCT),
        "leaky_relu": Row("np.where({0} >= 0, {0}, 0.01 * {0:sign})"),
        "softsign": Row("{0:product} / (1 + np.abs({0}))", _PRODUCT),
        "hard_sigmoid": Row("np.clip({} + 3, 0, 6) / 6", _PRODUCT),
        "hard_swish": Row("{0:product} * np.clip({0} + 3, 0, 6) / 6", _PRODUCT),
        "sign": Row("np.sign({})"),
        "step": Row("np.heaviside({}, 1)"),
        "clip": Row("np.maximum(np.minimum({0}, {2}), {1})"),
        "max": Row("np.maximum({}, {})"),
        "min": Row("np.minimum({}, {})"),
        "sigmul": Row("special.expit({}) * {:sign}", _PRODUCT),
        "rbf": Row("np.exp(-{2:sign} * ({0} - {1:product})**2)"),
        "laplace": Row("np.exp(-{2:sign} * np.abs({0} - {1:product}))"),
        "pow": Row("np.power({}, {})"),
    }
)

DIALECT = Dialect(
    rows=_ROWS,
    helpers=_HELPERS,
    imports={"np": "import numpy as np", "special": "from scipy import special"},
    number=python_number,
    filled="np.full_like(x, {})",
    expanded="np.broadcast_to({}, x.shape)",
    statistics=Statistics(
        moments={
            "mean": "np.mean({x}, {axes})",
            "rms": "np.mean(np.square({x}), {axes})",
            "std": "np.var({x}, {axes})",
        },
        group_moments={
            "mean": "group_mean({x}, groups)",
            "rms": "group_mean(np.square({x}), groups)",
            "std": "group_var({x}, groups)",
        },
        keep=", keepdims=True",
        root="np.sqrt({} + epsilon)",
    ),
    reserved=frozenset({"x", "y", "epsilon", "groups", "batch", "space", "example"}),
)


def numpy_function(subject: Subject) -> str:
    """Returns a file with a function of NumPy arrays."""
    return python_file(subject, DIALECT, "NumPy", _definition(subject), lambda: _test(subject))


def _definition(subject: Subject) -> str:
    program = subject.program
    names = safe_names(dict(program.parameters), DIALECT.reserved | DIALECT.helpers.keys() | DIALECT.imports.keys())
    body = write(program, DIALECT, names | {name: name for name in program.arguments})
    arguments = [*program.arguments, *(f"{names[name]}={value!r}" for name, value in program.parameters)]
    before = [f"{name} = np.asarray({name}, float)" for name in program.arguments]
    before += axes_used(body.code)
    if mentions(body.code, "groups"):
        before.append(f"groups = {SMALLER_GROUPS.format(most='groups', channels='x.shape[-1]')}")
    settings = {"epsilon": EPSILON, "groups": GROUPS}
    arguments += [f"{name}={value}" for name, value in settings.items() if mentions(body.code, name)]
    return function(subject.name, arguments, body, f"Returns {program}.", before)


def _test(subject: Subject) -> str:
    known = numbers(subject.program)
    call = f"{subject.name}({', '.join(known.inputs)})"
    lines = [
        *(line for name, one in known.inputs.items() for line in array(name, "np.array({})", one, "np.")),
        'with np.errstate(all="ignore"):',
        f"    value = {call}",
        *comparison(
            {"value": known.value}, "np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-6)", "np."
        ),
        f'print("{subject.name} agrees with actsearch")',
    ]
    return "\n".join(lines)


TARGET = Target("python", ".py", numpy_function, DIALECT)

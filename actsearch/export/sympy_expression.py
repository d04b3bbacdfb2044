"""The target `sympy`: an expression of symbols. SymPy is needed to run the file, not to write it."""

from actsearch.export.numbers import numbers
from actsearch.export.python_file import array, python_file
from actsearch.export.row import INFIX, POWERS, Dialect, Row, calls, python_number
from actsearch.export.subject import Subject, safe_names
from actsearch.export.target import Target
from actsearch.export.writer import write
from actsearch.language import Precedence

_PRODUCT, _SUM = Precedence.PRODUCT, Precedence.SUM
_SAME = ("sqrt", "exp", "sin", "cos", "sinh", "cosh", "tanh", "asinh", "atan", "erf", "erfc", "log", "sinc")

_HELPERS = {
    "sigmoid": 'def sigmoid(x):\n    """Logistic function."""\n    return 1 / (1 + sp.exp(-x))',
    "piecewise": (
        'def piecewise(x, right, left):\n    """The first for x >= 0, the second below."""\n'
        "    return sp.Piecewise((right, x >= 0), (left, True))"
    ),
}

_ROWS = (
    INFIX
    | POWERS
    | calls(_SAME, "sp.")
    | {
        "abs": Row("sp.Abs({})"),
        "log_abs": Row("sp.log(sp.Abs({}) + 1e-7)"),
        "relu": Row("sp.Max({}, 0)"),
        "minzero": Row("sp.Min({}, 0)"),
        "sigmoid": Row("sigmoid({})"),
        "softplus": Row("sp.log(1 + sp.exp({}))"),
        "gauss": Row("sp.exp(-{:atom}**2)"),
        "signed_sqrt": Row("sp.sign({0}) * sp.sqrt(sp.Abs({0}))", _PRODUCT),
        "signed_log": Row("sp.sign({0}) * sp.log(sp.Abs({0}) + 1e-7)", _PRODUCT),
        "expm1": Row("sp.exp({}) - 1", _SUM),
        "log_sigmoid": Row("-sp.log(1 + sp.exp(-{:sign}))", Precedence.SIGN),
        "bessel_i0e": Row("sp.exp(-sp.Abs({0})) * sp.besseli(0, {0})", _PRODUCT),
        "bessel_i1e": Row("sp.exp(-sp.Abs({0})) * sp.besseli(1, {0})", _PRODUCT),
        "elu": Row("piecewise({0}, {0}, sp.exp({0}) - 1)"),
        "selu": Row("1.0507009873554805 * piecewise({0}, {0}, 1.6732632423543772 * (sp.exp({0}) - 1))", _PRODUCT),
        "silu": Row("{0:product} * sigmoid({0})", _PRODUCT),
        "gelu": Row("{0:product} * (1 + sp.erf({0} / sp.sqrt(2))) / 2", _PRODUCT),
        "mish": Row("{0:product} * sp.tanh(sp.log(1 + sp.exp({0})))", _PRODUCT),
        "leaky_relu": Row("piecewise({0}, {0}, 0.01 * {0:sign})"),
        "softsign": Row("{0:product} / (1 + sp.Abs({0}))", _PRODUCT),
        "hard_sigmoid": Row("sp.Min(sp.Max({} + 3, 0), 6) / 6", _PRODUCT),
        "hard_swish": Row("{0:product} * sp.Min(sp.Max({0} + 3, 0), 6) / 6", _PRODUCT),
        "sign": Row("sp.sign({})"),
        "step": Row("sp.Heaviside({}, 1)"),
        "clip": Row("sp.Max(sp.Min({0}, {2}), {1})"),
        "max": Row("sp.Max({}, {})"),
        "min": Row("sp.Min({}, {})"),
        "sigmul": Row("sigmoid({}) * {:sign}", _PRODUCT),
        "rbf": Row("sp.exp(-{2:sign} * ({0} - {1:product})**2)"),
        "laplace": Row("sp.exp(-{2:sign} * sp.Abs({0} - {1:product}))"),
        "pow": Row("{:atom}**{:atom}", Precedence.POWER),
    }
)

DIALECT = Dialect(
    rows=_ROWS,
    helpers=_HELPERS,
    imports={"math": "import math", "sp": "import sympy as sp"},
    number=python_number,
    reserved=frozenset({"x", "x_", "xs", "y", "y_", "ys", "value", "expected", "expecteds"}),
)


def sympy_expression(subject: Subject) -> str:
    """Returns a file with symbols and an expression under the name of the formula."""
    return python_file(subject, DIALECT, "SymPy", _definition(subject), lambda: _test(subject))


def _names(subject: Subject) -> dict[str, str]:
    reserved = DIALECT.reserved | DIALECT.helpers.keys() | DIALECT.imports.keys() | {_result(subject)}
    return safe_names(dict(subject.program.parameters), reserved)


def _result(subject: Subject) -> str:
    return f"{subject.name}_expression" if subject.name in DIALECT.helpers else subject.name


def _definition(subject: Subject) -> str:
    program, names = subject.program, _names(subject)
    symbols = [*program.arguments, *names.values()]
    body = write(program, DIALECT, names | {name: name for name in program.arguments})
    lines = [f'{name} = sp.Symbol("{name}", real=True)' for name in symbols]
    return "\n".join([*lines, *body.statements, f"{_result(subject)} = sp.sympify({body.result})"])


def _test(subject: Subject) -> str:
    known, names = numbers(subject.program), _names(subject)
    points = ", ".join(f"{name}: {name}_" for name in known.inputs)
    values = ", ".join(f"{names[name]}: {value!r}" for name, value in subject.program.parameters)
    lists = {**{f"{name}_": one for name, one in known.inputs.items()}, "expected": known.value}
    lines = [
        *(line for name, one in lists.items() for line in array(f"{name}s", "{}", one, "math.")),
        f"for {', '.join(lists)} in zip({', '.join(f'{name}s' for name in lists)}):",
        f"    value = complex({_result(subject)}.subs({{{points}, {values}}}))",
        "    assert not abs(value - expected) > 1e-6 * (1 + abs(expected)), (value, expected)",
        f'print("{subject.name} agrees with actsearch")',
    ]
    return "\n".join(lines).replace(", }", "}")


TARGET = Target("sympy", ".py", sympy_expression, DIALECT)

"""The target `c`: a header with two functions, one of `double`, one of `float`, that needs `math.h` of C99 alone."""

import re
import textwrap

from actsearch.export.numbers import numbers
from actsearch.export.row import INFIX, Dialect, Row
from actsearch.export.subject import Subject, safe_names
from actsearch.export.target import Target
from actsearch.export.writer import write
from actsearch.language import Precedence

# A `$` ends names and numbers: it is nothing in the function of doubles, and f in that of floats.
_HELPERS = {
    "sigmoid$": "static inline real sigmoid$(real x) { return x > 0 ? 1 / (1 + exp$(-x)) : exp$(x) / (1 + exp$(x)); }",
    "softplus$": "static inline real softplus$(real x) { return (x > 0 ? x : 0) + log1p$(exp$(-fabs$(x))); }",
    "integer_power$": (
        "static inline real integer_power$(real x, int n) { real y = 1; while (n-- > 0) y *= x; return y; }"
    ),
    "sinc$": "static inline real sinc$(real x) { return x == 0 ? 1 : sin$(x) / x; }",
    "sign$": "static inline real sign$(real x) { return (real)((x > 0) - (x < 0)); }",
    "larger$": "static inline real larger$(real a, real b) { return a > b || a != a ? a : b; }",
    "smaller$": "static inline real smaller$(real a, real b) { return a < b || a != a ? a : b; }",
}

_PRODUCT = Precedence.PRODUCT
_SAME = ("exp", "sin", "cos", "sinh", "cosh", "tanh", "asinh", "atan", "erf", "erfc", "expm1", "log", "sqrt")
_OWN = ("sigmoid", "softplus", "sinc")

_ROWS = (
    INFIX
    | {"neg": Row("-{:power}", Precedence.SIGN)}  # two signs in a row would decrement
    | {name: Row(f"{name}$({{}})") for name in (*_SAME, *_OWN)}
    | {
        name: Row(f"integer_power$({{}}, {n})")
        for n, name in enumerate(("square", "cube", "power4", "power5", "power6", "power7", "power8"), 2)
    }
    | {
        "safe_div": Row("{:product} / ({} + 1e-7$)", _PRODUCT),
        "abs": Row("fabs$({})"),
        "log_abs": Row("log$(fabs$({}) + 1e-7$)"),
        "relu": Row("larger$({}, 0)"),
        "minzero": Row("smaller$({}, 0)"),
        "gauss": Row("exp$(-integer_power$({}, 2))"),
        "signed_sqrt": Row("sign$({0}) * sqrt$(fabs$({0}))", _PRODUCT),
        "signed_log": Row("sign$({0}) * log$(fabs$({0}) + 1e-7$)", _PRODUCT),
        "log_sigmoid": Row("-softplus$(-{:power})", Precedence.SIGN),
        "elu": Row("({0} > 0 ? {0} : expm1$({0}))"),
        "selu": Row("1.0507009873554805$ * ({0} > 0 ? {0} : 1.6732632423543772$ * expm1$({0}))", _PRODUCT),
        "silu": Row("{0:product} * sigmoid$({0})", _PRODUCT),
        "gelu": Row("{0:product} * 0.5$ * erfc$(-{0:power} * 0.70710678118654752$)", _PRODUCT),
        "mish": Row("{0:product} * tanh$(softplus$({0}))", _PRODUCT),
        "leaky_relu": Row("({0} >= 0 ? {0} : 0.01$ * {0:sign})"),
        "softsign": Row("{0:product} / (1 + fabs$({0}))", _PRODUCT),
        "hard_sigmoid": Row("smaller$(larger$({} + 3, 0), 6) / 6", _PRODUCT),
        "hard_swish": Row("{0:product} * smaller$(larger$({0} + 3, 0), 6) / 6", _PRODUCT),
        "sign": Row("sign$({})"),
        "step": Row("(real)({} >= 0)"),
        "clip": Row("larger$(smaller$({0}, {2}), {1})"),
        "max": Row("larger$({}, {})"),
        "min": Row("smaller$({}, {})"),
        "sigmul": Row("sigmoid$({}) * {:sign}", _PRODUCT),
        "rbf": Row("exp$(-{2:power} * integer_power$({0} - {1:product}, 2))"),
        "laplace": Row("exp$(-{2:power} * fabs$({0} - {1:product}))"),
        "pow": Row("pow$({}, {})"),
    }
)


def c_number(value: float) -> str:
    """Returns a number as C writes it, `$` behind."""
    if value != value:
        return "(real)NAN"
    if value in (float("inf"), float("-inf")):
        return f"({'-' if value < 0 else ''}(real)INFINITY)"
    return f"{value!r}$"


_MATH = (
    "acos asin atan ceil cos cosh erf erfc exp exp2 expm1 fabs fdim floor fma fmax fmin fmod gamma j0 j1 jn ldexp log"
)
_MATH += " log10 log1p log2 lgamma pow round sin sinh sqrt tan tanh tgamma trunc y0 y1 yn asinh acosh atanh hypot cbrt"
_C = "auto break case char const continue default do double else enum extern float for goto if inline int long register"
_C += " restrict return short signed sizeof static struct switch typedef union unsigned void volatile while real main"

DIALECT = Dialect(
    rows=_ROWS,
    helpers=_HELPERS,
    imports={},
    number=c_number,
    reserved=frozenset(
        [*_MATH.split(), *_C.split(), "x", "y", *(name[:-1] for name in _HELPERS), *(f"t{n}" for n in range(50))]
    ),
)


def c_header(subject: Subject) -> str:
    """Returns a header; compiled with -DTEST and as C, it is its own test."""
    name = subject.name
    guard = f"{name.upper()}_H"
    written = f"C99. {_HOW_TO_TEST}" if subject.tested else "C99"
    comment = "\n".join(
        f" * {part}".rstrip() for line in subject.lines(written) for part in textwrap.wrap(line, 110) or [""]
    )
    parts = [
        f"/*\n{comment}\n */",
        f"#ifndef {guard}\n#define {guard}\n\n#include <math.h>",
        _function(subject, name, "double"),
        _function(subject, name, "float"),
        *([_test(subject, name)] if subject.tested else []),
        f"#endif /* {guard} */",
    ]
    return "\n\n".join(parts) + "\n"


_HOW_TO_TEST = "Its test: cc -x c -DACTSEARCH_TEST FILE -lm && ./a.out"


def _function(subject: Subject, name: str, real: str) -> str:
    program = subject.program
    names = safe_names(dict(program.parameters), DIALECT.reserved)
    body = write(program, DIALECT, names | {one: one for one in program.arguments})
    arguments = ", ".join(f"real {one}" for one in [*program.arguments, *names.values()])
    lines = [*(f"    const real {statement};" for statement in body.statements), f"    return {body.result};"]
    source = "\n".join([*_helpers(body.code), f"static inline real {name}$({arguments})\n{{", *lines, "}"])
    for helper in _HELPERS:  # two headers may be included in one file
        source = re.sub(rf"\b{re.escape(helper)}", f"{name}_{helper}", source)
    suffix = "f" if real == "float" else ""
    return re.sub(r"\breal\b", real, source.replace("$", suffix))


def _helpers(code: str) -> list[str]:
    """Returns the helpers that code uses; none of them uses another."""
    return [source for name, source in _HELPERS.items() if name in code]


def _double(value: float) -> str:
    return c_number(value).replace("$", "").replace("real", "double")


def _test(subject: Subject, name: str) -> str:
    known = numbers(subject.program)
    initial = [_double(value) for _, value in subject.program.parameters]
    arguments = ", ".join([*(f"{one}[i]" for one in known.inputs), *initial])
    arrays = {**known.inputs, "expected": known.value}
    listed = [f"    const double {one}[] = {{{', '.join(map(_double, values))}}};" for one, values in arrays.items()]
    return "\n".join(
        [
            "#ifdef ACTSEARCH_TEST\n#include <stdio.h>\n\nint main(void)\n{",
            *listed,
            f"    for (int i = 0; i < {len(known.value)}; i++) {{",
            f"        const double value = {name}({arguments});",
            "        const double error = fabs(value - expected[i]);",
            "        if (value != expected[i] && !(value != value && expected[i] != expected[i])",
            "            && !(error <= 1e-6 * (1 + fabs(expected[i])))) {",
            f'            printf("{name} of %g is %g, expected %g\\n", x[i], value, expected[i]);',
            "            return 1;",
            "        }",
            "    }",
            f'    printf("{name} agrees with actsearch\\n");',
            "    return 0;",
            "}\n#endif",
        ]
    )


TARGET = Target("c", ".h", c_header, DIALECT)

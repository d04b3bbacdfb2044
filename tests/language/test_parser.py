"""`parse` and `str`: one round trip, messages that point at the mistake, and no other exception for any text."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actsearch.catalog import CATALOG, LAYERS
from actsearch.language import DEFAULT_PARAMETERS, PRIMITIVES, ActsearchError, Builder, ParseError, Program, parse
from actsearch.language.hints import ELSEWHERE
from actsearch.spaces import evonorm
from tests.helpers.programs import programs

GOLDEN = {
    # text -> how it is printed
    "x": "x",
    "1": "1",
    "-1": "-1",
    ".5 * x": "0.5 * x",
    "1e-3*x": "0.001 * x",
    "1E3*x": "1000 * x",
    "x*sigmoid(beta*x)": "x * sigmoid(beta * x)",
    "x * sigmoid(x) ": "x * sigmoid(x)",
    "(x)": "x",
    "((x + 1)) * 2": "(x + 1) * 2",
    "x - (1 - x)": "x - (1 - x)",
    "x - 1 - x": "x - 1 - x",
    "(x - 1) - x": "x - 1 - x",
    "x / (2 * x)": "x / (2 * x)",
    "x / 2 * x": "x / 2 * x",
    "x + 1 * 2": "x + 1 * 2",
    "x^2": "x^2",
    "(x^2)^3": "(x^2)^3",
    "-x^2": "-x^2",
    "(-x)^2": "(-x)^2",
    "-2^2": "-2^2",
    "(-2)^2": "(-2)^2",
    "--x": "--x",
    "-(-x)": "--x",
    "x - -x": "x - -x",
    "x * -x": "x * -x",
    "-(x * 2)": "-(x * 2)",
    "-x * 2": "-x * 2",
    "neg(2)": "neg(2)",
    "-(2)": "neg(2)",
    "relu(-(2 * x))": "relu(-(2 * x))",
    "cube(x) + power8(x)": "x^3 + x^8",
    "add(x, mul(x, 2))": "x + x * 2",
    "rbf(x, 1)": "rbf(x, 1)",
    "rbf(x, 1, beta)": "rbf(x, 1)",
    "rbf(x, 1, 0.5)": "rbf(x, 1, 0.5)",
    "pow(x, 0.5)": "pow(x, 0.5)",
    "max(x, min(0, 1))": "max(x, min(0, 1))",
    "sigmoid(x) * sigmoid(x)": "t1 = sigmoid(x); t1 * t1",
    "s = sigmoid(x); s * s": "t1 = sigmoid(x); t1 * t1",
    "dead = exp(x); x": "x",
    "param a = 0.25; max(x, a * x)": "param a = 0.25; max(x, a * x)",
    "param a = -1e-9; a": "param a = -1e-09; a",
    "param a = 1; x": "x",
    "param beta = 2; beta * x": "param beta = 2; beta * x",
    "param beta = 1; beta * x": "beta * x",
    "param t1 = 3; exp(x) * exp(x) * t1": "param t1 = 3; t2 = exp(x); t2 * t2 * t1",
    "v0 + shift": "v0 + shift",
    "1e300 * x": "1e+300 * x",
    "0.1 + 0.2": "0.1 + 0.2",
    " x\t+\r\n1 ": "x + 1",
}


@pytest.mark.parametrize("text", GOLDEN)
def test_golden(text):
    program = parse(text)
    assert str(program) == GOLDEN[text]
    assert parse(str(program)) == program


def test_operators_associate_and_bind_as_in_mathematics():
    def tree(text):
        nodes = parse(text).nodes
        shown = []
        for op, args, payload in nodes:
            shown.append(payload if not args else (op, *(shown[arg] for arg in args)))
        return shown[-1]

    assert tree("x - 1 - 2") == ("sub", ("sub", "x", 1), 2)
    assert tree("x / 1 * 2") == ("mul", ("div", "x", 1), 2)
    assert tree("x + 1 * 2") == ("add", "x", ("mul", 1, 2))
    assert tree("-x^2") == ("neg", ("square", "x"))
    assert tree("-x * 2") == ("mul", ("neg", "x"), 2)
    assert tree("x * -2") == ("mul", "x", -2)
    assert tree("-2^2") == ("neg", ("square", 2))
    assert tree("--2") == ("neg", -2)


def test_a_scalar_is_a_parameter_that_all_channels_share():
    program = parse("scalar alpha = 1; param a = 2; alpha * x + a + beta")
    assert program.parameters == (("alpha", 1.0), ("a", 2.0), ("beta", 1.0))
    assert program.shared == {"alpha"}
    assert str(program) == "scalar alpha = 1; param a = 2; alpha * x + a + beta"
    assert program != parse("param a = 2; alpha * x + a + beta")
    assert parse("scalar beta = 1; rbf(x, 1)").shared == {"beta"}, "an implicit one too"


def test_names_that_came_later_may_still_be_parameters_and_subterms():
    assert parse("param scalar = 2; scalar * x").parameters == (("scalar", 2.0),)
    assert parse("scalar = x; scalar + scalar") == parse("x + x")
    assert parse("param pi = 3; pi * x").parameters == (("pi", 3.0),)
    assert parse("pi = exp(x); pi * pi") == parse("t1 = exp(x); t1 * t1")
    assert parse("pi * x") == parse("3.141592653589793 * x")


def test_a_parameter_is_shared_or_not():
    builder = Builder()
    builder.parameter("alpha", 1.0, shared=True)
    with pytest.raises(ActsearchError, match="'alpha' is one value per channel and a single value too"):
        builder.parameter("alpha", 1.0, shared=False)


def test_parameters_by_argument():
    assert parse("a * x", {"a": 0.5}).parameters == (("a", 0.5),)
    assert parse("beta * x", {"beta": 2.0}) == parse("param beta = 2; beta * x")
    assert parse("x + y", inputs=("x", "y")).inputs == ("x", "y")
    assert parse("v0 * gamma").parameters == (("v0", 0.0), ("gamma", 1.0))


ERRORS = {
    # text -> column and what the message must say
    "": (1, "expected a number, a name or '(', found the end"),
    "x +": (4, "found the end"),
    "x x": (3, "an operator is missing before 'x'; a product is written with '*'"),
    "(x": (3, "expected ')' to close the bracket of column 1"),
    "x)": (2, "expected an operator or the end, found ')'"),
    "sigmod(x)": (1, "unknown name 'sigmod'; did you mean sigmoid, log_sigmoid, sigmul?"),
    "x * betta": (5, "unknown name 'betta'; did you mean beta?"),
    "x * qqq": (5, "declared first: param qqq = 1"),
    "y": (1, "unknown name 'y'; a gate is read with inputs=('x', 'y')"),
    "foo(x)": (1, "unknown name 'foo'; actsearch.language.PRIMITIVES has the functions, and register adds one"),
    "sigmoid": (8, "expected '(' after the function 'sigmoid': write sigmoid(x)"),
    "sigmoid()": (9, "expected a number, a name or '('"),
    "sigmoid(x, x)": (1, "sigmoid takes 1 argument, received 2: write sigmoid(x)"),
    "max(x)": (1, "max takes 2 arguments, received 1: write max(x, y)"),
    "rbf(x)": (1, "rbf takes 2 arguments, received 1"),
    "max(x, x": (9, "expected ')' to close max("),
    "x^1": (3, "expected an integer from 2 to 8 after '^'"),
    "x^x": (3, "write pow(a, b)"),
    "x^-2": (3, "integer from 2 to 8"),
    "x^2^3": (4, "write brackets: (x^2)^3"),
    "9^9^9": (3, "integer from 2 to 8"),
    "x ** 2": (3, "a power is written with '^': x^2"),
    "x * * 2": (5, "expected a number, a name or '(', found '*'"),
    "2x": (2, "a product is written with '*'"),
    "(2x)": (3, "a product is written with '*'"),
    "2(x + 1)": (2, "a product is written with '*'"),
    "x(x + 1)": (1, "'x' is an input, not a function; a product is written x * (...)"),
    "beta(x)": (1, "'beta' is a parameter, not a function"),
    "t1 = exp(x); t1(x)": (14, "'t1' is a named subterm, not a function"),
    "clamp(x, -1, 1)": (1, "unknown name 'clamp'; write clip(x, -1, 1)"),
    "e^x": (1, "unknown name 'e'; write exp(x)"),
    "ReLU6(x)": (1, "unknown name 'ReLU6'; write min(relu(x), 6)"),
    "ReLU(x)": (1, "unknown name 'ReLU'; did you mean relu?"),
    "max(x, 1, 2)": (1, "max takes 2 arguments, received 3: write max(max(x, y), z)"),
    "div(x, 1, 2)": (1, "div takes 2 arguments, received 3: write div(x, y)"),
    "x $ 2": (3, "unexpected character '$'"),
    "x = 2": (1, "'x' already means something else"),
    "a = x": (6, "expected ';' after the named subterm"),
    "a = x; a = x; a": (8, "'a' already means something else"),
    "param": (6, "expected the parameter's name"),
    "param a": (8, "expected '=' and the initial value"),
    "param a = x; a": (11, "expected a number, the initial value"),
    "param a = 1 a": (13, "expected ';' after the declaration"),
    "param x = 1; x": (7, "'x' already means something else"),
    "param exp = 1; x": (7, "'exp' already means something else"),
    "param y = 1; y": (7, "'y' already means something else"),
    "param param = 1; x": (7, "'param' already means something else"),
    "scalar a": (9, "expected '=' and the initial value"),
    "scalar x = 1; x": (8, "'x' already means something else"),
    "scalar a = 1; param a = 1; a": (21, "declared twice, as param and as scalar"),
    "beta * x + rbf(x, 1) * scalar": (24, "unknown name 'scalar'"),
    "param a = 1; param a = 2; a": (20, "declared twice, with different values"),
    "1e999": (1, "too large for a float: write at most 1.79e308"),
    "x + 1e400": (5, "too large for a float"),
    "1e-400": (1, "too small for a float: write 0, or at least 5e-324"),
    "x * 0.0003E-999": (5, "too small for a float"),
    "param a = 1e-400; a": (11, "too small for a float"),
    "x\0": (2, "unexpected character"),
    "\u0445": (1, "CYRILLIC SMALL LETTER HA"),
    "x \u00d7 2": (3, "MULTIPLICATION SIGN"),
    "x \u2212 2": (3, "MINUS SIGN"),
    "x²": (2, "SUPERSCRIPT TWO"),
    "\uff11": (1, "FULLWIDTH DIGIT ONE"),
    "x.real": (2, "unexpected character '.'"),
    "lambda x: x": (9, "unexpected character ':'"),
    "__import__('os')": (12, "unexpected character"),
    "exp(x": (6, "expected ')' to close exp("),
    "(" * 101 + "x" + ")" * 101: (101, "nested deeper than 100"),
    "+".join(["exp(x)"] * 1001): (None, "more than 1,000 nodes"),
    "x" * 10_001: (10_001, "the text has 10,001 characters; write at most 10,000"),
}


@pytest.mark.parametrize("text", ERRORS, ids=lambda text: repr(text[:30]))
def test_error_messages(text):
    column, message = ERRORS[text]
    with pytest.raises(ParseError) as caught:
        parse(text)
    assert message in str(caught.value)
    assert caught.value.text == text
    if column is not None:
        assert caught.value.column == column


@pytest.mark.parametrize("name", ELSEWHERE)
def test_the_formula_in_the_place_of_a_foreign_name_is_one(name):
    with pytest.raises(ParseError) as caught:
        parse(f"{name}(x)")
    assert caught.value.problem == f"unknown name {name!r}; write {ELSEWHERE[name]}"
    parse(ELSEWHERE[name])


@pytest.mark.parametrize("text", ["0", "0.0", "0e-999", ".0e9", "5e-324", "1.7976931348623157e308"])
def test_numbers_at_the_limits(text):
    assert parse(text).nodes[0].payload == float(text)


def test_the_pointer_stands_under_the_mistake():
    with pytest.raises(ParseError) as caught:
        parse("x * sigmod(x)")
    _, excerpt, pointer = str(caught.value).split("\n")
    assert excerpt[pointer.index("^") :] == "sigmod(x)"
    with pytest.raises(ParseError) as caught:
        parse("x + " * 200 + "sigmod(x)" + " + x" * 200)
    _, excerpt, pointer = str(caught.value).split("\n")
    assert excerpt[pointer.index("^") :].startswith("sigmod(x)")
    assert len(excerpt) < 100


@pytest.mark.parametrize("text", [None, 1, b"x", ["x"]])
def test_other_types_are_type_errors(text):
    with pytest.raises(TypeError, match="parse reads a str"):
        parse(text)


@pytest.mark.parametrize("name", ["x", "relu", "param", "a b", "2", "", "-", "é", "a\n"])
def test_parameters_by_argument_need_a_free_name(name):
    with pytest.raises(ValueError, match="name"):
        parse("x", {name: 1.0})


@pytest.mark.parametrize("name", ["x", "y", "relu", "param", "2", ""])
def test_a_built_program_cannot_have_a_name_that_text_cannot(name):
    with pytest.raises(ValueError, match="a name that is free"):
        Builder().parameter(name, 1.0)


@pytest.mark.parametrize("initial", [float("nan"), float("inf"), "one", [1.0, 2.0], 10**400])
def test_parameters_by_argument_need_a_finite_value(initial):
    with pytest.raises(ActsearchError, match="needs a finite initial value; received"):
        parse("a * x", {"a": initial})
    with pytest.raises(ActsearchError, match="A constant must be finite; received"):
        Builder().constant(initial)


@settings(deadline=None, max_examples=500)
@given(programs())
def test_round_trip(program):
    text = str(program)
    assert parse(text) == program
    assert str(parse(text)) == text
    assert repr(program) == f"Program({text!r})"


@settings(deadline=None, max_examples=200)
@given(programs(inputs=("x", "y")))
def test_round_trip_of_two_inputs(program):
    assert parse(str(program), inputs=("x", "y")) == program
    assert program.arguments == (("x", "y") if program.kind == "gate" else ("x",))


@pytest.mark.parametrize("name", LAYERS)
def test_round_trip_of_published_layers(name):
    program = CATALOG[name].program
    assert parse(str(program)) == program
    assert str(parse(str(program))) == str(program)


@pytest.mark.parametrize("series", ["B", "S"])
def test_round_trip_of_sampled_layers(series):
    space, rng = evonorm(series=series), np.random.default_rng(0)
    for _ in range(200):
        program = space.decode(space.sample(rng))
        assert parse(str(program)) == program


def parses_or_points(text):
    try:
        result = parse(text)
    except ParseError as error:
        result = error
    if isinstance(result, ParseError):
        assert result.text == text
        assert 1 <= result.column <= len(text) + 1
        assert str(result).count("\n") == 2
        assert str(result).replace("\n", "").isprintable()
        assert len(str(result)) < 500
    else:
        assert isinstance(result, Program)


SIGNS = ("(", ")", ",", ";", "=", "+", "-", "*", "/", " ", "\n", "\0", "²", "'", '"', "[", "{", "\\", "#", "lambda x:")
WORDS = ("x", "y", "param", "t1", "t1 = ", "param a = 1; ", "2", "1e9", "1e999", ".", "^", "^2")
PIECES = st.sampled_from([*PRIMITIVES, *DEFAULT_PARAMETERS, *SIGNS, *WORDS])


@settings(deadline=None, max_examples=500)
@given(st.text())
def test_any_text(text):
    parses_or_points(text)


@settings(deadline=None, max_examples=800)
@given(st.lists(PIECES, max_size=30).map("".join))
def test_any_sequence_of_pieces(text):
    parses_or_points(text)


@settings(deadline=None, max_examples=500)
@given(programs(), st.data())
def test_any_mutation_of_a_formula(program, data):
    text = str(program)
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 4)))
        text = text[:start] + data.draw(st.one_of(st.just(""), PIECES, st.characters())) + text[end:]
    parses_or_points(text)


EXTREMES = {
    "a million characters": "x" * 1_000_000,
    "a million brackets": "(" * 1_000_000,
    "open brackets": "(" * 10_000,
    "brackets": "(" * 4_999 + "x" + ")" * 4_999,
    "calls": "exp(" * 2_000 + "x" + ")" * 2_000,
    "minus signs": "-" * 9_999 + "x",
    "many minus signs of a number": "-" * 9_999 + "1",
    "sum": "+".join(["x"] * 5_000),
    "powers": "x" + "^2" * 4_999,
    "tower": "9^9^9",
    "digits": "9" * 10_000,
    "zeros": "0." + "0" * 9_990 + "1",
    "exponent": "1e" + "9" * 9_000,
    "long name": "a" * 10_000,
    "long unknown call": "a" * 9_000 + "(x)",
    "arguments": "max(" + "x," * 4_000 + "x)",
    "declarations": "".join(f"param p{i} = 1;" for i in range(600)) + "x",
    "doubling": "".join(f"s{i + 1} = s{i} + s{i};" if i else "s1 = x + x;" for i in range(500)) + "s500",
    "many names then a near miss": "".join(f"n{i} = x;" for i in range(900)) + "n9999",
    "NUL": "\0" * 1_000,
    "surrogate": "\ud800",
    "right to left": "\u202ex",
    "import": "__import__('os').system('true')",
    "attribute": "x.__class__.__mro__",
    "lambda": "(lambda: 0)()",
    "format": "{x.__init__.__globals__}",
    "walrus": "(x := 1)",
    "semicolons": ";" * 10_000,
    "spaces": " " * 10_000,
}


@pytest.mark.parametrize("name", EXTREMES)
def test_extremes(name):
    parses_or_points(EXTREMES[name])


def test_sharing_prints_short():
    program = parse("".join(f"s{i + 1} = s{i} + s{i};" if i else "s1 = x + x;" for i in range(200)) + "s200")
    assert len(program.nodes) == 201
    assert len(str(program)) < 6_000
    assert parse(str(program)) == program

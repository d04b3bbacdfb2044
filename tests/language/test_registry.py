"""A primitive from outside the package is one row, and everything sees it: from its text to both engines."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from actsearch import fingerprint, parse, simplify, to_function
from actsearch.engine import interpreter
from actsearch.export import to_latex
from actsearch.language import PRIMITIVES, ActsearchError, Primitive, Result, WithConstant, register, unregister
from actsearch.language.reductions import Reduction
from actsearch.spaces import custom


@pytest.fixture
def added():
    """Adds a unary and a binary primitive for one test."""
    rows = (
        Primitive("arcsinh2", 1, lambda x: jnp.arcsinh(2 * x), parity="odd", domain="finite for every x"),
        Primitive(
            "hypotenuse",
            2,
            lambda a, b: jnp.sqrt(a**2 + b**2 + 1),
            r"\sqrt{{{:atom}^{{2}} + {:atom}^{{2}} + 1}}",
            drawn="√(a² + b² + 1)",
            commutative=True,
            with_constant=(WithConstant(0, 7.0, Result.OTHER),),
            with_itself=Result.ONE,
        ),
    )
    for row in rows:
        register(row)
    yield
    for row in rows:
        unregister(row.name)


@pytest.mark.usefixtures("added")
class TestEverythingSeesIt:
    def test_text(self):
        program = parse("arcsinh2(x) * hypotenuse(x, 1)")
        assert str(program) == "arcsinh2(x) * hypotenuse(x, 1)"
        assert parse(str(program)) == program
        with pytest.raises(ActsearchError, match="did you mean arcsinh2"):
            parse("arcsinhh2(x)")
        with pytest.raises(ActsearchError, match="hypotenuse takes 2 arguments, received 1"):
            parse("hypotenuse(x)")

    @pytest.mark.parametrize(
        ("text", "simple"),
        [
            ("arcsinh2(-x)", "-arcsinh2(x)"),
            ("hypotenuse(sin(x), x)", "hypotenuse(x, sin(x))"),
            ("hypotenuse(7, x)", "x"),
            ("hypotenuse(x, x)", "1"),
            ("arcsinh2(0) + x", "x"),
        ],
    )
    def test_simplify(self, text, simple):
        assert str(simplify(parse(text))) == simple

    def test_latex(self):
        assert to_latex(parse("arcsinh2(x)^2")) == r"\operatorname{arcsinh2}(x)^{2}"
        assert to_latex(parse("hypotenuse(x + 1, 2)")) == r"\sqrt{\left(x + 1\right)^{2} + 2^{2} + 1}"

    def test_function_and_fingerprint(self):
        x = jnp.linspace(-2.0, 2.0, 9)
        value, slope = jax.vmap(jax.value_and_grad(to_function(parse("arcsinh2(x)"))))(x)
        np.testing.assert_allclose(value, np.arcsinh(2 * x), rtol=1e-6)
        np.testing.assert_allclose(slope, 2 / np.sqrt(4 * x**2 + 1), rtol=1e-6)
        assert fingerprint(parse("arcsinh2(x)")) == fingerprint(parse("asinh(2 * x)"))

    def test_interpreter_and_space(self):
        space = custom(["arcsinh2", "x"], ["+", "hypotenuse"])
        genotype = space.encode(parse("hypotenuse(arcsinh2(x), x)"))
        x = jnp.linspace(-2.0, 2.0, 9)
        value, _ = interpreter(space.template)(jnp.array(genotype.choices), x, ())
        np.testing.assert_allclose(value, to_function(space.decode(genotype))(x), rtol=1e-6)


def test_a_name_can_be_taken_back_and_given_again():
    for factor in (2.0, 3.0):
        register(Primitive("times", 1, functools.partial(jnp.multiply, factor)))
        assert simplify(parse("times(1) + x")) == simplify(parse(f"{factor} + x"))
        assert fingerprint(parse("times(x)")) == fingerprint(parse(f"{factor} * x"))
        unregister("times")
    with pytest.raises(ActsearchError, match="unknown name 'times'"):
        parse("times(x)")


def row(name="unit", arity=1, function=jnp.tanh, latex="", **columns):
    return Primitive(name, arity, function, latex, **columns)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (row("relu"), "'relu' cannot be a primitive: the name is taken by a primitive"),
        (row("beta"), "the name is taken by a parameter"),
        (row("x"), "a name is an ASCII identifier that means nothing else"),
        (row("param"), "ASCII identifier"),
        (row("scalar"), "ASCII identifier"),
        (row("pi"), "ASCII identifier"),
        (row("my unit"), "ASCII identifier"),
        (row("é"), "ASCII identifier"),
        (row(symbol="~"), "the signs of formulas are fixed"),
        (row(reduction=Reduction("layer", "std")), "only elementwise operations .* layer_std"),
        (row(arity=0), "it needs an operand"),
        (row(arity=2, function=jnp.add, implicit=("other",)), "implicit ones among beta"),
        (row(parity="both"), "parity is 'even' or 'odd'"),
        (row(commutative=True), "commutative needs two operands"),
        (row(with_itself=Result.ONE), "rules for 2 operands; it has 1"),
        (row(pole=1), "pole is the number of an operand, 0 to 0; received 1"),
        (row(latex="e^{x}"), "a place with a name; write {{ for a brace"),
        (row(latex="e^{"), "its LaTeX is no template"),
        (row(latex="e^{{{}"), "its LaTeX has a brace without its partner"),
        (row(latex="f({:tight})"), "a place of another kind than atom, power, product, sign, sum"),
        (row(latex="f({}, {})"), "a place {} for each of 1 operands"),
        (row(function=np.tanh), "must take 1 operand, and consist of JAX's functions; it says: "),
        (row(arity=2), "must take 2 operands, and consist of JAX's functions; it says: "),
        (row(function=jnp.sum), r"must keep shape and dtype; float32 \[2, 3\] became float32 \[\]"),
        (row(function=lambda x: x > 0), "became bool"),
    ],
)
def test_a_row_that_contradicts_itself_is_refused(wrong, message):
    before = dict(PRIMITIVES)
    with pytest.raises(ActsearchError, match=message):
        register(wrong)
    assert dict(PRIMITIVES) == before


@pytest.mark.parametrize("name", ["relu", "no_such_unit"])
def test_only_what_was_registered_can_be_taken_back(name):
    with pytest.raises(ActsearchError, match="only what was registered"):
        unregister(name)
    assert "relu" in PRIMITIVES


def test_a_name_of_the_printer_may_be_a_primitive():
    register(Primitive("t1", 1, jnp.tanh))
    try:
        program = parse("t = x * t1(x); t + sin(t)")
        assert parse(str(program)) == program
    finally:
        unregister("t1")

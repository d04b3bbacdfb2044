"""Looking units up: the words of curves that everybody knows, queries, and units of the user's own."""

import pytest

from actsearch import parse
from actsearch.catalog import CATALOG, MODULES, WORDS, find, identify, properties_of, register, unregister, words_of
from actsearch.catalog.words import CURVE_WORDS
from actsearch.language import ActsearchError

SIDES = {"bounded", "bounded above", "bounded below"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("relu(x)", {"monotone", "bounded below"}),
        ("silu(x)", {"smooth", "bounded below"}),
        ("tanh(x)", {"smooth", "monotone", "odd", *SIDES}),
        ("sin(x)", {"smooth", "odd", "periodic", *SIDES}),
        ("cos(3 * x)", {"smooth", "even", "periodic", *SIDES}),
        ("abs(x)", {"even", "bounded below"}),
        ("x^2", {"smooth", "even", "bounded below"}),
        ("-exp(x)", {"smooth", "monotone", "bounded above"}),
        ("sign(x)", {"monotone", "odd", *SIDES}),
        ("0 * x + 3", {"smooth", "monotone", "even", *SIDES}),
        ("log(1 + abs(x))", {"even", "bounded below"}),
        ("selu(x)", {"monotone", "bounded below"}),
        ("elu(x)", {"smooth", "monotone", "bounded below"}),
        ("relu(x)^2", {"smooth", "monotone", "bounded below"}),
        ("x + 0.001 * relu(x - 0.3)", {"monotone"}),
        ("sin(30 * x)", {"smooth", "odd", "periodic", *SIDES}),
    ],
)
def test_words_of_known_curves(text, words):
    assert words_of(parse(text)) - {"fixed"} == words


def test_words_of_parameters_gates_and_layers():
    assert words_of(parse("scalar a = 1; tanh(a * x)")) >= {"trained", "shared", "odd"}
    assert words_of(parse("x * sigmoid(beta * x)")) & {"trained", "shared", "fixed"} == {"trained"}
    assert words_of(parse("silu(x) * y", inputs=("x", "y"))) == {"gated", "fixed"}
    assert words_of(parse("relu((x - batch_mean(x)) / batch_std(x))")) == {"normalising", "fixed"}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("gated trained", {"xatglu", "xgeglu", "xswiglu", "gabor_real", "rezero"}),
        ("Smooth, non-monotone unbounded above bounded below fixed misra", {"mish"}),
        ("bounded above unbounded below", {"min_sin", "log_sigmoid", "neg_sig_hardsig", "mono_reflect"}),
        ("evonorm 2020", {f"evonorm_{name}" for name in ("b0", "b1", "b2", "s0", "s1", "s2")}),
        ("module normalising trained", {"gdn", "igdn"}),
        ("periodic fixed", {"sine", "siren_sine", "biper"}),
        ("even odd", set()),
        ("Parametric normalizing gate", set()),
    ],
)
def test_queries(query, names):
    assert {unit.name for unit in find(query)} == names


def test_an_empty_query_finds_everything_in_the_order_of_the_catalog():
    assert [unit.name for unit in find()] == [*CATALOG, *MODULES]


@pytest.mark.parametrize("word", WORDS)
def test_a_word_and_its_opposite_share_nothing(word):
    held, opposite = set(find(word)), set(find(f"non-{word}"))
    assert held
    assert not held & opposite
    if word not in CURVE_WORDS:
        assert len(held) + len(opposite) == len(CATALOG) + len(MODULES)


def test_nothing_is_said_of_the_curve_of_a_layer():
    assert {unit.program.kind for unit in find("non-monotone") if unit.name in CATALOG} == {"activation"}


def test_a_word_that_says_nothing():
    with pytest.raises(ActsearchError, match="'smoth' by name, paper, year or property; did you mean smooth"):
        find("smoth")
    with pytest.raises(ActsearchError, match="properties are smooth, monotone"):
        find("qqqqqqqq")


@pytest.mark.parametrize("name", MODULES)
def test_the_words_of_modules_are_words(name):
    assert properties_of(MODULES[name]) <= WORDS.keys()


def test_a_unit_of_the_users_own():
    ours = register("wave", "x + sin(3 * x)", "mine, 2026", source="its definition", notes="of ours")
    try:
        assert [unit.name for unit in identify(parse("sin(x * 3) + x"))] == ["wave"]
        assert find("mine ours smooth") == (CATALOG["wave"],) == (ours,)
        with pytest.raises(ActsearchError, match="There is a unit 'wave' already"):
            register("wave", "x", "mine", source="here")
    finally:
        unregister("wave")
    assert identify(parse("x + sin(3 * x)")) == ()
    with pytest.raises(ActsearchError, match="'relu' cannot be taken back"):
        unregister("relu")
    with pytest.raises(ActsearchError, match="identifier such as 'my_unit'; received 'my unit'"):
        register("my unit", "x", "mine", source="here")

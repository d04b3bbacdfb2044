"""A user's mistake is an ActsearchError, and one that crosses processes arrives whole."""

import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor

import pytest

from actsearch.language import ActsearchError, Builder, ParseError, parse


def test_a_parse_error_is_unpickled_whole():
    with pytest.raises(ParseError) as caught:
        parse("x * sigmod(x)")
    error = pickle.loads(pickle.dumps(caught.value))
    assert type(error) is ParseError
    assert str(error) == str(caught.value)
    assert (error.problem, error.text, error.column) == (caught.value.problem, "x * sigmod(x)", 5)


def test_a_process_pool_outlives_a_formula_that_is_none():
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        wrong, right = pool.submit(parse, "x +"), pool.submit(parse, "x * sigmoid(x)")
        with pytest.raises(ParseError, match="column 4: expected a number"):
            wrong.result(timeout=300)
        assert right.result(timeout=300) == parse("x * sigmoid(x)")


@pytest.mark.parametrize(
    "mistake",
    [
        lambda: parse("x +"),
        lambda: parse("x", {"x": 1.0}),
        lambda: parse("a * x", {"a": float("nan")}),
        lambda: Builder().input("z"),
        lambda: Builder().parameter("relu", 1.0),
        lambda: Builder().parameter("slope"),
        lambda: Builder().constant(float("inf")),
        lambda: Builder().apply("max", Builder().input("x")),
    ],
)
def test_a_mistake_is_an_actsearch_error_and_a_value_error(mistake):
    with pytest.raises(ActsearchError) as caught:
        mistake()
    assert isinstance(caught.value, ValueError)

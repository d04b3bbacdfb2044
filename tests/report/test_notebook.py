"""Programs and runs in a notebook: a formula that it typesets, a curve, the best candidates."""

import sys
from types import SimpleNamespace

import pytest

import actsearch
from actsearch import open_run, search
from actsearch.language import parse
from tests.helpers.mock import MockEvaluator

IPython = pytest.importorskip("IPython", reason="the extra notebooks")


@pytest.fixture
def shown(monkeypatch):
    """Returns what a notebook is given of a value, by its kind."""
    formatter = IPython.core.formatters.DisplayFormatter()
    shell = SimpleNamespace(display_formatter=formatter)
    with monkeypatch.context() as running:
        running.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
        actsearch._teach_notebook()
    return lambda value: formatter.format(value)[0]


def test_an_activation_has_its_formula_and_curve(shown):
    given = shown(parse("x * sigmoid(beta * x)"))
    assert given["text/latex"] == r"$\displaystyle x \cdot \sigma(\beta \cdot x)$"
    assert given["text/latex"] in given["text/html"]
    assert "<svg" in given["text/html"]
    assert given["text/plain"] == "Program('x * sigmoid(beta * x)')"


def test_a_layer_has_its_graph(shown):
    assert "<svg" in shown(parse("x / group_std(x) * gamma"))["text/html"]


def test_a_run_and_a_result_have_their_best(shown, tmp_path):
    result = search("swish-1", MockEvaluator(), "random", 30, out=tmp_path)
    of_result, of_run = shown(result)["text/html"], shown(open_run(tmp_path))["text/html"]
    assert of_result == of_run
    assert of_run.startswith("<p>30 trials, ")
    assert of_run.count("<tr>") == 1 + 10
    assert shown(search("swish-1", MockEvaluator(), "random", 1))["text/html"].startswith("<p>1 trials")


def test_without_a_notebook_nothing_happens(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    actsearch._teach_notebook()
    monkeypatch.delitem(sys.modules, "IPython")
    actsearch._teach_notebook()

"""How tables are printed: nothing is cut off, numbers line up at the right, and formulas are never read as markup."""

import io
import math

import numpy as np
import pytest
from rich.console import Console

from actsearch.analysis import Interval
from actsearch.language import ActsearchError, parse, simplify
from actsearch.report import Column, render, show, to_text

LONG = "max(x, sigmoid(tanh(asinh(softplus(cosh(x)))))) * sigmoid(beta * x) - safe_div(erf(x), atan(x))"
FORMULA = str(simplify(parse(LONG)))
COLUMNS = [Column("rank", "d"), Column("score", ".4f"), "formula"]
TABLE = render([(1, 0.95, FORMULA), (2, 0.9, "relu(x)")], COLUMNS, "The best candidates")


def printed(table, **settings):
    console = Console(file=io.StringIO(), **settings)
    show(table, console)
    return console.file.getvalue()


def test_where_there_is_no_terminal_nothing_is_cut_off(monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    text = printed(TABLE)
    lines = text.splitlines()
    assert lines[0] == "The best candidates"
    assert [line.split(maxsplit=2) for line in lines[4:6]] == [["1", "0.9500", FORMULA], ["2", "0.9000", "relu(x)"]]
    assert "\x1b" not in text
    assert not any(line.endswith(" ") for line in lines)


def test_a_narrow_terminal_folds_formulas_and_keeps_every_character():
    text = printed(TABLE, width=60, force_terminal=True, color_system=None)
    assert max(map(len, text.splitlines())) <= 60
    assert "0.9500" in text
    start = next(line.index("formula") for line in text.splitlines() if "formula" in line)
    formula = "".join(line[start:] for line in text.splitlines()[4:])
    assert "".join(formula.split()).startswith(FORMULA.replace(" ", ""))
    assert "…" not in text


@pytest.mark.parametrize("width", [20, 40])
def test_a_terminal_that_is_too_narrow_cuts_no_number_and_no_name(width):
    rows = [("evolution", 300, Interval(0.0238, 0.0125, 0.0375)), ("random", 1000, Interval(0.0325, 0.01, 0.05))]
    table = render(rows, ["controller", Column("trials", ",d"), Column("regret after 1,000", ".4f")])
    for text in (printed(table, width=width, force_terminal=True, color_system=None), to_text(table, width)):
        for row in (["evolution", "300", "0.0238", "[0.0125,", "0.0375]"], ["random", "1,000", "0.0325"]):
            assert any(line.split()[: len(row)] == row for line in text.splitlines())


def test_numbers_line_up_at_the_right():
    rows = [("a", 1, np.float32(0.5), Interval(0.5, 0.25, 0.75)), ("bc", 12345, np.float32(0.25), None)]
    columns = ["name", Column("count", ",d"), Column("score", ".2f"), Column("mean", ".1f")]
    lines = to_text(render(rows, columns)).splitlines()
    assert lines[2].split() == ["a", "1", "0.50", "0.5", "[0.2,", "0.8]"]
    assert lines[3].split() == ["bc", "12,345", "0.25"]
    ends = [lines[2].index("1 ") + 1, lines[3].index("12,345") + 6]
    assert ends[0] == ends[1] == lines[0].index("count") + 5
    assert lines[2].index("a") == lines[3].index("bc") == lines[0].index("name")


def test_cells_that_are_not_plain_numbers():
    rows = [(math.nan, Interval(0.9, -math.inf, math.inf), "[bold]x[/]", True)]
    text = to_text(render(rows, ["a", "b", "c", "[d]"], title="[t]"))
    assert text.splitlines()[-1].split("   ") == ["  -", "0.900 [-, -]", "[bold]x[/]", "True"]
    assert "[d]" in text
    assert text.startswith("[t]")


def test_a_row_of_another_length_is_a_mistake():
    with pytest.raises(ActsearchError, match=r"2 cells.*received 3"):
        render([(1, 2, 3)], ["a", "b"])


def test_an_empty_table_has_its_headings():
    assert to_text(render([], ["a", "b"])).split()[:2] == ["a", "b"]


def test_in_a_notebook_a_table_is_its_text_alone(monkeypatch):
    """What rich shows there beside a text that is captured is an empty block."""
    shown = []
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    monkeypatch.setattr("rich.jupyter.display", lambda *parts: shown.append(parts))
    assert to_text(render([["a"]], ["head"])).split()[-1] == "a"
    assert shown == []

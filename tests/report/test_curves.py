"""Pictures of functions: the function and its derivative, and whole formulas."""

import numpy as np
import pytest

from actsearch.language import ActsearchError, parse
from actsearch.report import draw_curves
from tests.helpers.pictures import extents, text_of

X = parse("x")


def panels_of(figure):
    return [axes for axes in figure.axes if axes.get_visible()]


def test_a_panel_draws_the_function_and_its_derivative():
    programs = {"tanh": parse("tanh(x)"), "1 / x": parse("1 / x"), "relu(x)": parse("relu(x)")}
    panels = panels_of(draw_curves(programs, -3, 3))
    assert [panel.get_title(loc="left") for panel in panels] == list(programs)
    assert [[text.get_text() for text in panel.texts] for panel in panels] == [["tanh(x)"], [""], [""]]
    value, slope = panels[0].lines[-2:]
    x = value.get_xdata()
    assert (x[0], x[-1]) == (-3, 3)
    np.testing.assert_allclose(value.get_ydata(), np.tanh(x), atol=1e-6)
    np.testing.assert_allclose(slope.get_ydata(), 1 - np.tanh(x) ** 2, atol=1e-6)
    pole = panels[1].lines[-2].get_ydata()
    assert np.isnan(pole[len(pole) // 2])  # no line joins the two branches
    assert len(panels_of(draw_curves(dict.fromkeys("abcde", X)))) == 5


@pytest.mark.parametrize("arguments", [({}, 0.0, 1.0), ({"x": X}, 1.0, 1.0)])
def test_nothing_to_draw_is_a_mistake(arguments):
    with pytest.raises(ActsearchError, match="needs a program and a range"):
        draw_curves(*arguments)


def test_a_long_formula_is_shown_whole_between_the_name_and_the_panel():
    program = parse(
        "max(x, tanh(x)) * sigmoid(beta * x) - safe_div(cosh(x), atan(x)) + 5 * asinh(x)^2 * laplace(x, erf(x))"
    )
    figure = draw_curves({"winner": program, "relu": parse("relu(x)")})
    panel = panels_of(figure)[0]
    (formula,) = panel.texts
    assert formula.get_text().replace("\n", " ") == str(program)
    text, name, frame = *extents(figure, [formula, text_of(figure, "winner")]), panel.get_window_extent()
    assert frame.y1 < text.y0
    assert text.y1 < name.y0 + 2
    assert name.y1 < figure.bbox.y1

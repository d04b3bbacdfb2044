"""The genealogy: a line for each ancestor, an arrow from each parent."""

from actsearch.catalog import CATALOG
from actsearch.language import parse
from actsearch.report import draw_genealogy
from actsearch.trials import Trial

LAYER = CATALOG["evonorm_b0"].program


def trial(index, parents=(), status="ok", score=0.5, program=LAYER):
    return Trial(index, program, str(index), status, score, parents=parents)


def test_an_arrow_leads_from_each_parent_to_its_child():
    tree = [trial(0), trial(1), trial(2, (0,)), trial(3, (0, 2)), trial(4, (1,))]
    (axes,) = draw_genealogy(tree, 3).axes
    arrows = [text for text in axes.texts if text.get_text() == ""]
    assert [(arrow.xyann[1], arrow.xy[1]) for arrow in arrows] == [(0, 1), (0, 2), (1, 2)]
    assert [line.get_marker() for line in axes.lines] == ["o", "o", "s"]


def test_a_line_has_number_score_and_formula():
    trials = [trial(1_200), trial(1_300, (1_200,), "diverged", None, parse("x"))]
    texts = [text.get_text() for text in draw_genealogy(trials, 1_300).axes[0].texts if text.get_text()]
    assert texts[:6] == ["trial", "score", "formula", "#1,200", "0.5000", texts[5]]
    assert texts[5].endswith("max(batch_std(x), instance_std(x) + x * v1))")
    assert "param" not in texts[5]
    assert texts[6:] == ["#1,300", "-", "x"]

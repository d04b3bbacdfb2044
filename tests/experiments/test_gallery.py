"""The gallery is what the committed results say today, and shows the pictures that are there."""

import json
import re

import pytest

from actsearch import parse
from actsearch.catalog import novelty
from actsearch.language import INPUTS
from experiments import draw_gallery

KNOWN = json.loads(draw_gallery.NOVELTY.read_text())


def test_the_page_is_that_of_the_results():
    assert draw_gallery.PAGE.read_text() == draw_gallery.page(KNOWN), "python experiments/draw_gallery.py"


def test_no_published_unit_is_shown_as_found():
    """Swish, SiLU and sines of another sign, scale or frequency came out of the searches too."""
    rows = re.findall(r"^\| \d \| `([^`]*)`", draw_gallery.PAGE.read_text(), flags=re.MULTILINE)
    assert len(rows) > 20
    assert not {"cos(x) * sin(x)", "-(x * sigmoid(x))", "-(x * sigmoid(x * beta))"} & set(rows)


def test_each_picture_and_each_study_is_there():
    text = draw_gallery.PAGE.read_text()
    assert re.findall(r"figures/gallery/([\w-]+\.png)", text) == [
        f"{study.name}.png" for study in (*draw_gallery.FOUND, *draw_gallery.TABLES)
    ]
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert (draw_gallery.DOCS / target).is_file(), target


@pytest.mark.slow  # half a minute: each unit of the catalog is fitted
@pytest.mark.parametrize("formula", [next(iter(KNOWN)), "cos(x) * sin(x)"])
def test_what_is_known_of_a_function_is_what_the_catalog_says(formula):
    (now,), (then,) = (
        novelty(parse(formula, inputs=INPUTS), count=1).to_json()["neighbours"],
        KNOWN[formula]["neighbours"],
    )
    assert now["unit"] == then["unit"]
    assert now["distance"] == pytest.approx(then["distance"], abs=1e-3)

"""The README's picture shows what the table says: which steps are records, and where Swish, SiLU and ReLU stand."""

from pathlib import Path

import pytest

from actsearch import fingerprint, parse
from actsearch.catalog import CATALOG
from experiments.draw_swish_found import Step, caption, median, ordinal, places, records, upright

X = parse("x")
README = Path(__file__).parents[2] / "README.md"


def course(*steps):
    return [Step(tried, place, X) for tried, place in steps]


def test_records_are_better_than_all_before_and_the_end_is_none():
    steps = course((8, 100), (16, 50), (24, 70), (32, 60), (40, 2), (48, 1), (96, 1))
    assert [step.tried for step in records(steps)] == [8, 16, 40, 48]


def test_the_median_is_of_the_runs_that_have_begun():
    one, two, three = course((8, 100), (32, 2)), course((8, 50), (16, 10)), course((16, 30), (24, 1))
    assert [(s.tried, s.place) for s in median([one, two, three])] == [(8, 75), (16, 30), (24, 10), (32, 2)]


def test_a_mirrored_unit_is_shown_upright_under_its_name():
    assert caption(upright(parse("-(x * sigmoid(x * beta))"))).startswith("Swish\n$x")
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 22, 190)] == ["1st", "2nd", "3rd", "4th", "11th", "22nd", "190th"]


@pytest.mark.slow  # a fingerprint of the negative of each function of the space
def test_swish_is_first_and_silu_second_of_as_many_functions_as_the_readme_says():
    place_of = places()
    swish, silu = (place_of[fingerprint(CATALOG[name].program)] for name in ("swish", "silu"))
    assert (swish, silu) == (1, 2)
    assert f"{len(set(place_of.values())):,} functions" in README.read_text()

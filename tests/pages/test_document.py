"""The report's file: what it says, that it needs no network, and that no name in it becomes markup."""

import math
import re
import sys

import altair
import pytest

from actsearch import ActsearchError, search
from actsearch.analysis import FalseReject, Interval, Scores, verified
from actsearch.archive import Archive, keep
from actsearch.cli import main
from actsearch.controllers import Random
from actsearch.language import parse
from actsearch.pages import document, write_report
from actsearch.trials import Trial
from tests.helpers.mock import MockEvaluator
from tests.helpers.page import Page

SECTIONS = ("verdict", "verified", "run-0", "comparison", "finalists", "trust", "again", "papers")
HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"


def page(*directories, out, cards=0):
    return Page(write_report(directories, out / "report.html", cards=cards).read_text())


def points_of(chart):
    """Returns the points of every layer of a chart."""
    own = chart.get("data", {}).get("values", [])
    return own + [point for layer in chart.get("layer", ()) for point in points_of(layer)]


def made(directory, trials, config=None):
    with Archive.write(directory, config or {"space": "swish-1", "seed": 0}) as archive:
        archive.append(trials)
    return directory


@pytest.fixture(scope="module")
def whole(run, fast, tmp_path_factory):
    """The page of a run that was verified and audited, with two cards."""
    relu, best = parse("relu(x)"), parse("x * sigmoid(2 * x)")
    rows = [
        Scores("digits", relu, True, (0.90, 0.92, 0.91, 0.90)),
        Scores("digits", best, False, (0.94, 0.97, 0.97, 0.95)),
    ]
    files = [keep(run, "verification-digits", verified(rows, seeds=(100, 101, 102, 103)).to_json())]
    rate = FalseReject(20, 3, Interval(0.15, 0.03, 0.38))
    files.append(keep(run, "audit", {"mock": {**rate._asdict(), "rate": rate.rate._asdict()}}))
    yield page(run, out=tmp_path_factory.mktemp("whole"), cards=2)
    for file in files:
        file.unlink()


class TestOneRun:
    def test_every_section_is_there_and_the_verdict_comes_first(self, whole):
        found = [attributes["id"] for attributes, _ in whole.all("section")]
        assert found == list(SECTIONS)
        assert whole.text("p", class_="headline") == "1 of 1 new function beat every baseline on the task."
        assert "+0.0500" in whole.text("section", id="verdict")

    def test_it_needs_no_network(self, whole):
        linked = [
            value for _, attributes, _ in whole.elements for key, value in attributes.items() if key in ("href", "src")
        ]
        assert linked
        assert all(value.startswith("#") for value in linked)
        assert not whole.all("link")
        (policy,) = [a["content"] for a, _ in whole.all("meta") if "http-equiv" in a]
        assert policy.startswith("default-src 'none'")
        assert not re.search(r"@import|url\((?!#)", whole.text("style"))  # the page's own, and no picture's

    def test_the_links_lead_somewhere(self, whole):
        ids = {attributes["id"] for _, attributes, _ in whole.elements if "id" in attributes}
        assert {attributes["href"][1:] for attributes, _ in whole.all("a")} <= ids
        cards = {point["card"] for chart in whole.charts for point in points_of(chart) if point.get("card")}
        own = {f"#{attributes['id']}" for attributes, _ in whole.all("details", class_="card print")}
        assert cards < own
        assert own - cards == {"#card-verified-0"}

    def test_every_chart_and_picture_has_words(self, whole):
        assert len(whole.charts) == 3 + 3  # distribution, progress, front; a curve for each card
        pictures = [attributes for _, attributes, _ in whole.elements if attributes.get("role") in ("img", "group")]
        assert len(pictures) == 6 + 3
        assert all(len(attributes["aria-label"]) > 10 for attributes in pictures)
        assert {chart["$schema"].rsplit("/")[-2] for chart in whole.charts} == {"vega-lite"}

    def test_every_chart_is_valid_vega_lite(self, whole):
        for chart in whole.charts:
            altair.Chart.from_dict(chart, validate=True)
        with pytest.raises(Exception, match="'tall'"):
            altair.Chart.from_dict(whole.charts[0] | {"height": "tall"}, validate=True)

    def test_the_funnel_has_the_false_rejects(self, whole):
        rows = [text.split() for _, text in whole.all("tr") if text.startswith("rejected:mock")]
        assert "[3.0%," in rows[0]

    def test_cards_have_formulas_to_copy_and_the_verified_seeds(self, whole):
        cards = [text for _, text in whole.all("details", class_="card print")]
        assert all("def " in text and "New." in text and "lipschitz" in text for text in cards)
        assert "digits, verification-digits103" in "".join(cards[-1].split("  ")), "its last fresh seed"

    def test_it_is_small(self, whole):
        assert 500_000 < len(whole.html.encode()) < 5_000_000

    def test_equal_runs_give_equal_pages(self, run, fast, tmp_path):
        first, second = (write_report([run], tmp_path / name, cards=1).read_bytes() for name in ("a.html", "b.html"))
        assert first == second


class TestOtherRuns:
    def test_an_empty_archive(self, tmp_path):
        empty = page(made(tmp_path / "run", []), out=tmp_path)
        assert empty.text("p", class_="headline") == "No candidate has been evaluated yet."
        assert [attributes["id"] for attributes, _ in empty.all("section")] == list(SECTIONS)

    def test_nothing_but_failures(self, tmp_path):
        x = parse("x")
        trials = [Trial(0, x, "", "failed", note="no memory"), Trial(1, x, "a", "rejected", gate="finite")]
        failed = page(made(tmp_path / "run", trials), out=tmp_path)
        assert failed.text("p", class_="headline") == "None of 2 candidates has a score."
        assert "nothing to draw" in failed.text("section", id="run-0")
        assert not failed.charts

    def test_only_diverged_trainings(self, tmp_path):
        trials = [Trial(0, parse("exp(x)"), "a", "diverged", 0.0, ({"score": 0.0},), (0,))]
        assert not page(made(tmp_path / "run", trials), out=tmp_path).charts

    def test_two_runs_are_compared(self, run, fast, tmp_path):
        search("swish-1", MockEvaluator(), Random(), 200, out=tmp_path / "random")
        both = page(run, tmp_path / "random", run, out=tmp_path)
        regret = both.text("section", id="comparison")
        assert "evolution" in regret
        assert "random" in regret
        assert {"run-0", "run-1"} <= {attributes["id"] for attributes, _ in both.all("section")}

    def test_runs_on_other_spaces_stand_side_by_side(self, run, fast, tmp_path):
        other = made(tmp_path / "other", [Trial(0, parse("x"), "a", "ok", 0.5)], {"space": "mine"})
        assert "cannot be compared" in page(run, other, out=tmp_path).text("section", id="comparison")

    def test_two_tasks_have_a_front(self, fast, tmp_path):
        points = [(0.5, 0.9), (0.9, 0.5), (0.4, 0.4)]
        trials = [
            Trial(i, parse(f"x + {i}"), str(i), "ok", (a + b) / 2, objectives={"one": a, "two": b})
            for i, (a, b) in enumerate(points)
        ]
        found = page(made(tmp_path / "run", trials), out=tmp_path)
        front = next(layer for layer in found.charts[-1]["layer"] if layer["mark"].get("shape") == "diamond")
        assert {row["formula"]: (row["x"], row["y"]) for row in points_of(front)} == {
            "x": (0.5, 0.9),
            "1 + x": (0.9, 0.5),
        }
        assert found.all("figcaption")[-1][1].startswith("two against one; diamonds are the Pareto front. ")

    def test_an_objective_that_is_not_finite_is_not_drawn(self, fast, tmp_path):
        slopes = {"exp(x)": -math.inf, "x": -1.0, "sin(x)": math.nan}
        trials = [
            Trial(i, parse(text), text, "ok", 0.5, objectives={"score": 0.5, "-lipschitz": slope})
            for i, (text, slope) in enumerate(slopes.items())
        ]
        found = page(made(tmp_path / "run", trials), out=tmp_path)
        assert "NaN" not in "".join(text for _, text in found.all("script", type="application/json"))
        assert {row["formula"] for row in points_of(found.charts[-1])} == {"x"}
        none = page(made(tmp_path / "none", trials[:1]), out=tmp_path)
        assert "lipschitz against" not in none.text("section", id="run-0")

    def test_names_stay_text(self, fast, tmp_path):
        config = {
            "space": HOSTILE,
            "evaluator": {"kind": HOSTILE, "tasks": {HOSTILE: "d"}},
            "controller": {"name": HOSTILE},
        }
        trials = [Trial(0, parse("x"), "a", "ok", 0.5, ({"score": 0.5},), (0,), objectives={HOSTILE: 0.5, "b": 0.1})]
        hostile = page(made(tmp_path / "<b>run", trials, config), out=tmp_path, cards=1)
        assert not hostile.all("img")
        assert not hostile.all("b")
        assert len(hostile.all("script")) == len(hostile.charts) + 2
        assert HOSTILE in hostile.text("h1")


def test_a_missing_package_is_named_with_what_to_run(run, monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "latex2mathml.converter", None)
    document.to_mathml.cache_clear()
    assert main(["report", str(run), "-o", str(tmp_path / "report.html"), "--cards", "0"]) == 2
    assert "needs the package latex2mathml: run pip install 'actsearch[report]'" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_wrong_number_of_cards(run, tmp_path):
    with pytest.raises(ActsearchError, match="received -1"):
        write_report([run], tmp_path / "report.html", cards=-1)


def test_a_sample_keeps_the_best_and_the_order():
    trials = [Trial(i, parse("x"), str(i), "ok", score=(i * 7919 % 10_007) / 10_007) for i in range(10_007)]
    kept = document._sample(trials, {})
    assert len(kept) <= document._POINTS
    assert max(kept, key=lambda trial: trial.score) == max(trials, key=lambda trial: trial.score)
    assert kept == sorted(kept, key=lambda trial: trial.index)


def test_the_front_of_many_functions_has_the_cheapest_one_too(monkeypatch):
    monkeypatch.setattr(document, "_POINTS", 20)
    worst = Trial(1, parse("x"), "x", "ok", 0.1)
    others = [Trial(i, parse(f"sin(x + {i})"), str(i), "ok", 0.5 + i / 1000) for i in range(2, 100)]
    line = document._front([Trial(0, parse("relu(tanh(x))"), "a", "ok", 0.2), worst, *others], {})["layer"][1]
    assert [(point["formula"], point["x"]) for point in points_of(line)] == [("x", 0), ("sin(99 + x)", 2)]

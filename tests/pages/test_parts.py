"""What a report is put together from: runs found, formulas as MathML, the random baseline, papers, words."""

from xml.etree import ElementTree

import numpy as np
import pytest

from actsearch import ActsearchError, search
from actsearch.analysis import Scores, compare_runs, verified
from actsearch.archive import Archive, keep, merge, open_run
from actsearch.catalog import CATALOG
from actsearch.controllers import CONTROLLERS
from actsearch.controllers import RegularizedEvolution as Evolution
from actsearch.language import parse
from actsearch.pages import charts, papers, to_mathml, words
from actsearch.pages.baseline import expected_best, expected_maximum
from actsearch.pages.material import gather, published
from actsearch.spaces import SPACES, swish
from actsearch.study import make_evaluator
from tests.helpers.mock import MockEvaluator

TABLE = "tabular-swish1-digits-resnet"


def test_every_published_unit_is_well_formed_mathml():
    for entry in CATALOG.values():
        root = ElementTree.fromstring(to_mathml(entry.program))
        assert not [text for text in root.itertext() if "\\" in text], entry.name


def test_a_folder_of_runs_has_its_verifications(tmp_path):
    for seed in (0, 1):
        search("swish-1", MockEvaluator(), "random", 5, seed=seed, out=tmp_path / f"seed{seed}")
    record = verified([Scores("a", parse("relu(x)"), True, (0.9, 0.8))], seeds=(1, 2)).to_json()
    for place in (tmp_path, tmp_path / "seed0"):
        keep(place, "verification", record)
    found = gather([tmp_path, tmp_path / "seed0"])
    assert [run.name for run in found.runs] == ["seed0", "seed1"]
    assert [one.name for one in found.verified] == ["verification"]


def test_what_has_no_run_is_a_mistake(tmp_path):
    with pytest.raises(ActsearchError, match="There is no run in"):
        gather([tmp_path])
    with pytest.raises(ActsearchError, match="received none"):
        gather([])
    search("swish-1", MockEvaluator(), "random", 5, out=tmp_path)
    for text, said in (("[", "cannot be read as a result"), ("{}", "is no verification: make it again, or move it")):
        (tmp_path / "verification.json").write_text(text)
        with pytest.raises(ActsearchError, match=rf"verification\.json {said}"):
            gather([tmp_path])


def test_the_baseline_is_what_random_draws_find():
    scores = np.random.default_rng(0).uniform(size=50)
    drawn = np.random.default_rng(1).choice(scores, (20_000, 7)).max(axis=1).mean()
    assert expected_maximum(scores, np.array([7])) == pytest.approx([drawn], abs=0.003)


def test_a_run_on_a_table_has_a_baseline_and_knows_published_units(tmp_path):
    search("swish-1", TABLE, "random", 300, out=tmp_path)
    run = open_run(tmp_path)
    best = expected_best(run)
    assert (min(best), max(best)) == (1, 300)
    assert list(best.values()) == sorted(best.values())
    run.config["evaluator"]["digest"] = "another"
    assert expected_best(run) == {}
    assert {name: CATALOG[name].program.kind for name in published(run)}.keys() <= CATALOG.keys()
    assert "swish-1" in words.question(run)
    assert words.fidelity(run)
    assert words.command(run).startswith(f"actsearch search --space swish-1 --task {TABLE} --budget 300 --seed 0")


def test_a_point_at_the_edge_of_a_chart_keeps_its_numbers():
    scores = [0.0, *np.linspace(0.8, 0.9, 19)]
    points = [{"x": i, "y": float(score), "formula": str(i), "card": None} for i, score in enumerate(scores)]
    dots = charts.front(points, "operations")["layer"][0]
    worst = dots["data"]["values"][0]
    assert (worst["x"], worst["y"], worst["across"]) == (0, 0.0, 0)
    assert worst["height"] > 0.7
    assert (dots["encoding"]["y"]["field"], dots["encoding"]["tooltip"][2]["field"]) == ("height", "y")


def test_no_regret_is_drawn_at_the_lowest_and_told_as_0(tmp_path):
    search("swish-1", TABLE, "random", 20, out=tmp_path)
    chart = charts.regret(compare_runs([open_run(tmp_path)]), {})
    last = chart["data"]["values"][-1]
    assert (last["regret"], last["height"]) == (0.0, charts.LOWEST_REGRET)


def test_a_run_with_constraints_has_no_baseline_and_a_command_with_them(tmp_path):
    evaluator = make_evaluator(swish(), TABLE, 5, constraints=["lipschitz<=1"], objectives=["-operations"])
    search("swish-1", evaluator, Evolution(4, 2, transforms=()), 5, out=tmp_path)
    run = open_run(tmp_path)
    assert expected_best(run) == {}
    asked = words.command(run).partition("--batch 64 ")[2]
    assert dict(words.configuration(run))["gates before training"].startswith("those of the table, lipschitz<=1 ")
    assert asked.startswith("--constraint 'lipschitz<=1' --objectives score,-operations controller:evolution")
    run.config["controller"]["transforms"] = ["smooth:box", "clip:-1:1"]
    assert "--controller.transforms smooth:box clip:-1:1 --controller.transformed 0.2" in words.command(run)


def test_a_merged_run_says_what_it_was_merged_of(tmp_path):
    for seed in (0, 1):
        search("swish-1", TABLE, "random", 5, seed=seed, out=tmp_path / str(seed))
    merge([tmp_path / "0", tmp_path / "1"], tmp_path / "all")
    run = open_run(tmp_path / "all")
    assert expected_best(run) == {}
    lines = words.command(run).splitlines()
    assert [line.partition(" --batch")[0].partition("--budget")[2] for line in lines] == [" 5 --seed 0", " 5 --seed 1"]
    assert all("controller:random" in line for line in lines)
    said = dict(words.configuration(run))
    assert said["scored by"] == "the trainings of 2 merged runs, looked up in a table"
    assert said["controller"] == "random"
    assert "None" not in words.label(run) + said["seed, batch"]


def test_bibtex_has_each_paper_once(tmp_path):
    search("swish-1", MockEvaluator(), "evolution", 110, out=tmp_path)
    text = papers.bibtex([open_run(tmp_path)], ["relu", "swish", "silu", "tanh"], "1.0")
    keys = [line.partition("{")[2].rstrip(",") for line in text.splitlines() if line.startswith("@")]
    assert keys == ["actsearch", "ramachandran2017searching", "real2019regularized", "nair2010", "hendrycks2016"]


def test_every_space_and_every_controller_with_a_paper_is_cited(tmp_path):
    Archive.write(tmp_path, {}).close()
    run = open_run(tmp_path)
    for space in SPACES:
        run.config["space"] = space
        assert "eprint" in papers.bibtex([run], [], "1.0"), space
    run.config["space"] = "mine"
    for name in CONTROLLERS.keys() - {"random", "exhaustive"}:
        run.config["merged"] = [{"config": {"controller": {"name": name}}}]
        assert "eprint" in papers.bibtex([run], [], "1.0"), name


def test_a_run_of_format_1_says_what_it_kept_and_no_more(tmp_path):
    with Archive.write(tmp_path, {"evaluator": {"kind": "tabular", "table": TABLE, "seeds_per_trial": 2}}):
        pass
    said = dict(words.configuration(open_run(tmp_path)))
    assert said["scored by"] == "2 trainings of each candidate, looked up in a table"
    assert "--seeds-per-trial 2" in words.command(open_run(tmp_path))
    with Archive.write(tmp_path / "trained", {"evaluator": {"kind": "training", "tasks": {"a": None}, "seeds": [0]}}):
        pass
    assert dict(words.configuration(open_run(tmp_path / "trained")))["gates before training"] == "not known"

"""The study of fidelity runs from start to end on tiny tasks, goes on after a stop, and fills its page."""

import dataclasses
import json

import pytest

from actsearch import parse
from actsearch.analysis import fidelities
from actsearch.catalog import PANELS
from actsearch.evaluation import fidelity_of
from experiments import _card as card
from tests.helpers.tiny import tiny_task

MARK = "published panel of fidelity.py"
FORMULAS = ("relu(x)", "x", "sin(x)", "exp(exp(exp(x)))")


@pytest.fixture
def study(monkeypatch):
    """The script, with a panel of four functions."""
    monkeypatch.syspath_prepend(card.__file__.rpartition("/")[0])
    from experiments import fidelity

    monkeypatch.setattr(fidelity, "PANELS", {"published": FORMULAS})
    monkeypatch.setattr(fidelity, "panel", lambda name: [parse(formula) for formula in FORMULAS])
    return fidelity


@pytest.fixture
def tasks(study, monkeypatch):
    """Two tiny tasks under names of their own."""
    known = {"proxy": tiny_task(name="proxy"), "target": tiny_task(steps=8, name="target")}
    monkeypatch.setattr(study, "get_task", known.__getitem__)
    return known


@pytest.fixture
def settings(study, tmp_path):
    return study.Settings(("proxy",), ("target",), seeds=2, rates=(1.0, 0.5), out=tmp_path / "run", seeds_at_once=2)


def test_every_block_is_trained_once_and_published(study, tasks, settings, tmp_path, monkeypatch, capsys):
    page, table = tmp_path / "page.md", tmp_path / "fidelity.json"
    page.write_text(f"Before\n<!-- {MARK} -->\nold\n<!-- end of {MARK} -->\nAfter\n")
    monkeypatch.setattr(study, "PAGE", page)
    monkeypatch.setattr(study, "FIDELITY", table)
    settings = dataclasses.replace(settings, rates=(1.0,))
    study.main(settings)
    blocks = study.read_blocks(settings.out)
    assert [(b.task, b.seed) for b in blocks] == [("proxy", 300), ("proxy", 301), ("target", 300), ("target", 301)]
    monkeypatch.setattr(study, "score_programs", lambda *args, **options: pytest.fail("all is trained"))
    study.main(dataclasses.replace(settings, publish=True))
    text = page.read_text()
    assert text.startswith("Before\n")
    assert text.endswith("After\n")
    assert "old" not in text
    assert "| proxy | seeds | `target` |" in text
    rows = fidelity_of(tasks["proxy"], table)
    runs = [study.panel_run(name, task, blocks, settings) for name, task in tasks.items()]
    expected = [row for row in fidelities(runs, runs[1:]) if row.proxy == "proxy"]
    assert [row[:7] for row in rows] == [row[:7] for row in expected]
    assert [row.tau.estimate for row in rows] == pytest.approx([row.tau.estimate for row in expected], abs=1e-4)
    assert fidelity_of(tiny_task(steps=7, name="proxy"), table) == ()
    assert json.loads(table.read_text())["digests"].keys() == {"proxy", "target"}


def test_a_killed_run_goes_on_where_it_stopped(study, tasks, settings, monkeypatch):
    trained = []

    def scores(task, programs, seeds, *, rate_scales, **options):
        trained.append((task.name, rate_scales, tuple(seeds)))
        if len(trained) == 3:
            raise KeyboardInterrupt
        return [study_result(seeds, i) for i, _ in enumerate(programs)]

    monkeypatch.setattr(study, "score_programs", scores)
    settings = dataclasses.replace(settings, seeds_at_once=1)
    with pytest.raises(KeyboardInterrupt):
        study.train(tasks, settings)
    with (settings.out / "blocks.jsonl").open("a") as file:
        file.write('{"panel": "publ')  # a line that the stop tore
    study.train(tasks, settings)
    assert trained[2] == trained[3] == ("proxy", (0.5,), (300,))
    assert len(set(trained)) == len(study.read_blocks(settings.out)) == 8


def study_result(seeds, place):
    """A result without a training: the loss grows with the place in the panel."""
    from actsearch.evaluation import Result

    return Result(tuple({"score": 0.0, "loss": float(place)} for _ in seeds), False, 0.0)


def test_seeds_that_one_rate_lacks_are_left_out(study, tasks, settings):
    digest = tasks["proxy"].digest
    blocks = [
        study.Block("published", "proxy", digest, rate, seed, 1.0, [{"loss": rate + seed}] * 4)
        for rate, seed in ((1.0, 300), (1.0, 301), (0.5, 301))
    ]
    run = study.panel_run("proxy", tasks["proxy"], blocks, settings)
    assert {rate: rows[0] for rate, rows in run.trained.items()} == {1.0: [{"loss": 302.0}], 0.5: [{"loss": 301.5}]}
    assert study.panel_run("proxy", tiny_task(steps=9), blocks, settings) is None


def test_a_shorter_task_has_a_name_of_its_own(study):
    assert [(name, task.steps) for name, task in study.available(["digits-mlp@0.5"]).items()] == [
        ("digits-mlp@0.5", 250)
    ]


def test_the_page_has_a_place_for_the_tables(study):
    text = study.PAGE.read_text()
    for panel in PANELS:
        assert text.count(f"<!-- {panel} panel of fidelity.py -->") == 1
        assert text.count(f"<!-- end of {panel} panel of fidelity.py -->") == 1


def test_panels_are_those_that_the_rule_gives():
    from experiments.choose_panels import chosen_panels

    assert chosen_panels() == dict(PANELS)


def test_the_untouched_target_is_no_proxy(study, monkeypatch):
    monkeypatch.setattr(study, "UNTOUCHED_TARGET", "digits-mlp")
    names = study.proxies()
    assert "digits-mlp" not in names
    assert {"digits-resnet", "mnist1d-resnet"} <= set(names)
    assert "digits-resnet-layer" not in names

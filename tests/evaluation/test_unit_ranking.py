"""Ranking of units: own rates, equal units, and a run that goes on."""

import json

import pytest

from actsearch import parse
from actsearch.catalog import CATALOG, MODULES
from actsearch.evaluation import rank_units, score_programs
from actsearch.language import ActsearchError
from tests.helpers.tiny import tiny_layer_task, tiny_task

TASK = tiny_task()
UNITS = ("relu", "sin(x)")
SCALES = (0.001, 4.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of a run over UNITS that ended."""
    out = tmp_path_factory.mktemp("rank")
    ranking = rank_units(UNITS, TASK, 2, rate_scales=SCALES, out=out)
    return out, ranking


@pytest.fixture
def trainings(monkeypatch):
    """The programs that are trained from here on."""
    seen = []

    def watched(task, programs, *arguments, **options):
        seen.extend(map(str, programs))
        return score_programs(task, programs, *arguments, **options)

    monkeypatch.setattr("actsearch.evaluation.unit_ranking.score_programs", watched)
    return seen


def test_each_unit_is_judged_at_its_best_rate_by_other_seeds(folder):
    _, ranking = folder
    assert ranking.seeds == (100, 101)
    programs = [CATALOG["relu"].program, parse("sin(x)")]
    for result, program, name in zip(_expected(programs), programs, UNITS, strict=True):
        (unit,) = [unit for unit in ranking.units if unit.name == name]
        assert unit.formula == str(program)
        assert unit.trained[0].scores == pytest.approx([row["score"] for row in result.metrics])
        assert unit.trained[0].rate_scale == result.metrics[0]["rate_scale"]


def _expected(programs):
    return score_programs(TASK, programs, (100, 101), rate_scales=SCALES, rate_seeds=(102,), part="test")


def test_a_run_goes_on_where_it_stopped(folder, trainings):
    out, ranking = folder
    assert rank_units(UNITS, TASK, 2, rate_scales=SCALES, out=out) == ranking
    assert trainings == []
    more = rank_units((*UNITS, "-x"), TASK, 2, rate_scales=SCALES, out=out)
    assert trainings == ["-x"]
    kept = {unit.name: unit.trained for unit in ranking.units}
    assert {unit.name: unit.trained for unit in more.units if unit.name != "-x"} == kept


def test_a_line_that_a_stop_tore_is_trained_again(folder, trainings, tmp_path):
    out, ranking = folder
    first, second = (out / "results.jsonl").read_text().splitlines()[:2]
    (tmp_path / "results.jsonl").write_text(f"{first}\n{second[:40]}")
    assert rank_units(UNITS, TASK, 2, rate_scales=SCALES, out=tmp_path).units == ranking.units
    assert trainings == ["sin(x)"]
    lines = (tmp_path / "results.jsonl").read_text().splitlines()
    assert [json.loads(line)["key"][2] for line in (lines[0], lines[-1])] == ["relu(x)", "sin(x)"]


def test_equal_units_are_trained_once_under_all_their_names(trainings):
    ranking = rank_units(["relu", "max(x, 0)", "tanh"], TASK, 2, rate_scales=(1.0,))
    assert {unit.name for unit in ranking.units} == {"relu, max(x, 0)", "tanh"}
    assert len(trainings) == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"units": ["relu", "max(x, 0)"]}, "two or more different units; received relu"),
        ({"units": ["relu", "kan_bspline"]}, "kan_bspline is a module that cannot stand at these sites"),
        ({"units": ["relu", "sgu"]}, "sgu is a module that cannot stand"),
        ({"units": ["relu", "maxmin"], "tasks": tiny_layer_task()}, "maxmin is a module that cannot stand"),
        ({"units": ["relu", "x / batch_std(x)"]}, "is a whole layer; the task digits-tiny"),
        ({"tasks": [TASK, tiny_layer_task()]}, "tasks of one kind; received activation, layer"),
        ({"seeds": 1}, "2 or more different seeds and 1 or more rate_seeds; received 1, 1"),
        ({"rate_seeds": 0}, "1 or more rate_seeds; received 2, 0"),
        ({"rate_scales": ()}, "rate_scales must be at least one number"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_mistakes_are_noticed_before_the_first_training(options, said, trainings):
    with pytest.raises(ActsearchError, match=said):
        rank_units(**{"units": UNITS, "tasks": TASK, "seeds": 2, **options})
    assert trainings == []


def test_a_folder_that_cannot_be_written_is_noticed_too(trainings, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ActsearchError, match=r"file/results.jsonl cannot be written"):
        rank_units(UNITS, TASK, 2, out=tmp_path / "file")
    assert trainings == []


def test_a_module_is_ranked_among_programs(trainings, tmp_path):
    """Units that no program says stand at the sites themselves; a module that is a formula has the formula's scores."""
    sign = MODULES["sign_ste"]
    ranking = rank_units(["relu", "top_k_relu", sign], TASK, 2, rate_scales=(1.0,), out=tmp_path)
    units = {unit.name: unit for unit in ranking.units}
    assert units.keys() == {"relu", "top_k_relu", "sign_ste"}
    assert units["sign_ste"].formula == sign.formula
    assert trainings == ["relu(x)"]
    again = rank_units({"relu": CATALOG["relu"].program, "sign": sign}, TASK, 2, rate_scales=(1.0,), out=tmp_path)
    assert {unit.trained for unit in again.units} == {units["relu"].trained, units["sign_ste"].trained}
    assert len((tmp_path / "results.jsonl").read_text().splitlines()) == 3


def test_the_module_of_a_formula_trains_as_the_formula_does():
    """HeLU without its hysteresis is ReLU; a module's forward and backward are what is trained."""
    helu = MODULES["helu"]._replace(name="flat", options=(("alpha", 0.0),))
    (first, second) = rank_units(["relu", helu], TASK, 2, rate_scales=(1.0,), engine="specialize").units
    assert first.trained[0].scores == pytest.approx(second.trained[0].scores, abs=1e-6)

"""A search for gates from end to end: what is trained, what is rejected, and what comes back from the archive."""

import pytest

from actsearch import ActsearchError, parse, search, verify
from actsearch.archive import open_run
from actsearch.catalog import CATALOG
from actsearch.controllers import Exhaustive, Random, Seeded
from actsearch.evaluation import Gate, TrainingEvaluator, gates_of, screen
from actsearch.language import INPUTS
from actsearch.spaces import custom, swish
from actsearch.trials import Proposal, Status
from tests.helpers.tiny import GATES, SPACE, tiny_gate_task, tiny_task

PRODUCTS = custom(["x", "relu"], ["*"], inputs=INPUTS)


def scores(engine):
    evaluator = TrainingEvaluator(PRODUCTS, tiny_gate_task(), engine=engine)
    return [
        trial.score for trial in evaluator.evaluate([Proposal(PRODUCTS.decode(g), g) for g in PRODUCTS.enumerate()], 0)
    ]


def test_both_engines_train_alike():
    interpreted, specialised = scores("interpret"), scores("specialize")
    assert interpreted == pytest.approx(specialised, abs=0.05)  # of 64 digits
    assert len(set(specialised)) > 2


def test_a_search_from_end_to_end(tmp_path):
    task = tiny_gate_task()
    result = search(GATES, TrainingEvaluator(GATES, task, engine="interpret"), Exhaustive(), 72, seed=0, out=tmp_path)
    trials = {str(trial.program): trial for trial in result.trials}
    assert trials["relu(x) * y"].status is Status.OK
    assert trials["x * sqrt(y)"].gate == "finite"
    assert (trials["relu(x) * 1"].gate, trials["1 * y"].gate) == ("shape", "shape")
    assert "a gate reads x and y; relu(x) * 1 reads x" in trials["relu(x) * 1"].note
    assert trials["sqrt(x) * sqrt(y)"].gate == "finite"
    stored = open_run(tmp_path).trials
    assert [repr(trial) for trial in stored] == [repr(trial) for trial in result.trials]
    assert {trial.program.kind for trial in stored if trial.status is Status.OK} == {"gate"}
    again = search(GATES, TrainingEvaluator(GATES, task, engine="interpret"), Exhaustive(), 72, seed=0, out=tmp_path)
    assert [repr(trial) for trial in again.trials] == [repr(trial) for trial in result.trials]


def test_a_search_starts_with_formulas_of_two_inputs():
    evaluator = TrainingEvaluator(GATES, tiny_gate_task(), engine="interpret")
    result = search(GATES, evaluator, Seeded(Random(), ("y * relu(x)",)), 3, seed=0)
    assert str(result.trials[0].program) == "relu(x) * y"


@pytest.mark.parametrize(
    ("text", "gate"),
    [("silu(x) * y", ""), ("x", "shape"), ("y", "shape"), ("1", "shape"), ("x + y - y", "input"), ("x / y", "finite")],
)
def test_screening(text, gate):
    assert screen(parse(text, inputs=INPUTS), gates_of("gate"), "gate").gate == gate


def test_a_gate_is_no_activation():
    assert screen(CATALOG["swiglu"].program, gates_of("activation")).gate == "shape"


def test_the_gates_of_gates():
    assert [gate.name for gate in gates_of("gate")] == ["shape", "finite", "input"]
    assert "gate" in Gate("mine", lambda candidate: "", "anything").kinds


@pytest.mark.parametrize(("space", "task"), [(GATES, tiny_task()), (SPACE, tiny_gate_task())], ids=["gates", "units"])
def test_spaces_and_tasks_of_two_kinds(space, task):
    with pytest.raises(ActsearchError, match=r"gates of two inputs.*choose another task or space"):
        TrainingEvaluator(space, task)


def test_verification_compares_with_swiglu():
    verification = verify(["relu(x) * y"], tiny_gate_task(), [5, 6], part="validation")
    assert [str(row.trained.program) for row in verification.rows] == ["silu(x) * y", "relu(x) * y"]


@pytest.mark.parametrize(
    ("program", "task", "message"),
    [
        ("relu(x)", tiny_gate_task(), "does not read a second input, y; the sites of digits-tiny-gate take two inputs"),
        ("relu(x) * y", tiny_task(), "reads a second input, y; the sites of digits-tiny take one"),
    ],
)
def test_verification_of_another_kind(program, task, message):
    with pytest.raises(ActsearchError, match=message):
        verify([program], task, [5, 6])


def test_kinds_of_programs():
    assert [
        parse(text, inputs=INPUTS).kind for text in ("relu(x)", "x / batch_std(x)", "x * y", "x * batch_std(y)")
    ] == [
        "activation",
        "layer",
        "gate",
        "gate",
    ]
    assert swish().kind == "activation"

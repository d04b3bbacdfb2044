"""Constraints: gates made from a text, before anything trains or is looked up."""

import pytest

from actsearch import parse, search
from actsearch.evaluation import TabularEvaluator, constraint, constraints_of, screen
from actsearch.language import INPUTS, ActsearchError
from actsearch.spaces import swish
from actsearch.study import make_evaluator
from actsearch.trials import Proposal
from tests.helpers.tiny import tiny_task


@pytest.mark.parametrize(
    ("text", "formula", "note"),
    [
        ("lipschitz <= 1", "relu(x)", ""),
        ("lipschitz <= 1", "relu(2 * x)", "lipschitz is 2"),
        ("monotone==increasing", "x", ""),
        ("monotone==increasing", "relu(x)", "monotone is weakly increasing"),
        ("operations<2", "x * silu(x)", "operations is 2"),
        ("degree>=1", "relu(x - 1)", "degree is None"),
        ("upper>1", "1 / x", "1 / x is not finite at x = 0;"),
    ],
)
def test_a_constraint_is_a_gate(text, formula, note):
    gate = constraint(text)
    verdict = screen(parse(formula), [gate])
    assert verdict.note.startswith(note)
    assert verdict.gate == (gate.name if note else "")


def test_layers_and_gates_have_their_own():
    norm = constraint("scale==invariant")
    assert screen(parse("x / feature_rms(x)"), [norm], "layer").gate == ""
    assert screen(parse("x + feature_rms(x)"), [norm], "layer").gate == "scale==invariant"
    linear = constraint("linear_in_y==yes")
    assert screen(parse("relu(x) * y", inputs=INPUTS), [linear], "gate").gate == ""
    assert screen(parse("relu(x + y)", inputs=INPUTS), [linear], "gate").note == "linear_in_y is no"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lipschitz", "a property, a comparison and a bound, such as lipschitz<=1; received 'lipschitz'"),
        ("lipshitz<=1", "no property 'lipshitz'; write one of lower, upper"),
        ("lipschitz<=one", "lipschitz is a number; received the bound 'one'"),
        ("lipschitz<=nan", "lipschitz is a number; received the bound 'nan'"),
        ("parity<=1", "parity is a text, such as 'neither': write parity==neither; received <="),
        ("kinks==0", "kinks is a list"),
        ("causal==yes", "causal==yes is a condition on a layer; this search proposes activations"),
    ],
)
def test_mistakes(text, message):
    with pytest.raises(ActsearchError, match=message):
        constraints_of([text], "activation")


def test_a_function_is_scored_in_the_form_that_meets_a_constraint():
    """Whatever batch the form comes in that does not."""
    evaluator = make_evaluator(swish(), tiny_task(), 3, constraints=["operations<=1"], engine="specialize")
    long, short = (evaluator.screen(i, Proposal(parse(text))) for i, text in enumerate(("relu(relu(x))", "relu(x)")))
    assert long.verdict.fingerprint == short.verdict.fingerprint
    assert [str(trial.status) for trial in evaluator.conclude([long], {})] == ["rejected"]
    assert evaluator.fresh([short]) == [short]


def test_a_table_is_searched_under_a_constraint():
    table = "tabular-swish1-digits-resnet"
    evaluator = make_evaluator(swish(), table, 20, constraints=["operations<=2"])
    result = search("swish-1", evaluator, budget=20)
    stopped = [trial for trial in result.trials if trial.gate == "operations<=2"]
    assert stopped
    assert all(trial.score is None for trial in stopped)
    assert evaluator.identity["gates"][0].startswith("operations<=2 ")
    assert "gates" not in TabularEvaluator(swish(), table).identity


def test_a_training_never_begins_for_what_a_constraint_rejects():
    evaluator = make_evaluator(swish(), tiny_task(), 4, constraints=["operations<2"], engine="specialize")
    assert [gate.name for gate in evaluator.gates] == ["shape", "finite", "operations<2"]
    (trial,) = evaluator.evaluate([Proposal(parse("relu(x) * x"))], 0)
    assert (trial.gate, trial.metrics) == ("operations<2", ())

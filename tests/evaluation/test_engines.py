"""The choice of engine: the cheapest by the measured costs, and one line that says why."""

import pytest

from actsearch.evaluation import choose_engine
from actsearch.evaluation.engines import COSTS
from actsearch.language import ActsearchError


@pytest.mark.parametrize(
    ("engine", "programs", "chosen", "words"),
    [
        ("auto", 1, "specialize", "1 to compile"),
        ("auto", 3, "specialize", "3 to compile"),
        ("auto", 4, "bank", "one compilation for 4 programs"),
        ("auto", 12_345, "interpret", "one compilation instead of 12,345"),
        ("interpret", 1, "interpret", "as given"),
        ("specialize", 1000, "specialize", "as given"),
        ("bank", 1000, "bank", "as given"),
    ],
)
def test_choice_and_its_line(engine, programs, chosen, words):
    row, line = choose_engine(engine, programs, 500)
    assert row == chosen
    assert line.startswith(f"engine: {chosen} (")
    assert words in line
    assert "\n" not in line


def test_the_line_has_what_the_others_take():
    costs = COSTS["layer"].each(1000, 100)
    _, line = choose_engine("auto", 1000, 100, "layer")
    assert f"specialize {costs['specialize'] / costs['interpret']:.1f} times as long)" in line


@pytest.mark.parametrize("kind", COSTS)
def test_the_cheapest_is_chosen(kind):
    """One compilation for all pays for short trainings of many, and what is fast in a step for long ones."""
    for programs in (4, 30, 1000):
        for steps in (0, 100, 10_000, 10**7):
            costs = COSTS[kind].each(programs, steps)
            assert costs[choose_engine("auto", programs, steps, kind)[0]] == min(costs.values())
    assert choose_engine("auto", 1000, 100, kind)[0] == "interpret"
    assert choose_engine("auto", 1000, 10**7, kind)[0] == "specialize"


def test_costs_of_a_candidate():
    """In compilations of a specialised training: a bank's network is compiled once for its programs, 32 at most."""
    cost = COSTS["activation"]
    each = cost.each(4, 0)
    assert each == {"interpret": cost.interpreter / 4, "bank": 1 / 4 + cost.program, "specialize": 1}
    assert cost.each(1000, 0)["bank"] == 1 / 32 + cost.program
    longer = cost.each(4, round(cost.compile_steps))
    assert longer["specialize"] == pytest.approx(2, rel=1e-3)
    assert longer["bank"] - each["bank"] == pytest.approx(cost.bank_step, rel=1e-3)


def test_an_accelerator_interprets():
    for steps in (100, 10**7):
        chosen, line = choose_engine("auto", 1000, steps, platform="gpu")
        assert (chosen, line) == (
            "interpret",
            "engine: interpret (one compilation; the gpu trains candidates side by side)",
        )


def test_refuses():
    with pytest.raises(ActsearchError, match="engine is one of auto, interpret, specialize, bank; received 'jit'"):
        choose_engine("jit", 3)

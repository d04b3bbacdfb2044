"""The choice of engine: the cheapest by the measured costs, and one line that says why."""

import pytest

from actsearch.evaluation import choose_engine
from actsearch.evaluation.engines import COSTS
from actsearch.language import ActsearchError


@pytest.mark.parametrize(
    ("engine", "programs", "listed", "chosen", "words"),
    [
        ("auto", 1, False, "specialize", "1 to compile"),
        ("auto", 3, True, "specialize", "3 to compile"),
        ("auto", 4, True, "bank", "one compilation for 4 programs"),
        ("auto", 1000, True, "bank", "one compilation for 32 programs"),
        ("auto", 12_345, False, "interpret", "one compilation instead of 12,345"),
        ("interpret", 1, False, "interpret", "as given"),
        ("specialize", 1000, True, "specialize", "as given"),
        ("bank", 1000, False, "bank", "as given"),
    ],
)
def test_choice_and_its_line(engine, programs, listed, chosen, words):
    row, line = choose_engine(engine, programs, 500, listed=listed)
    assert row == chosen
    assert line.startswith(f"engine: {chosen} (")
    assert words in line
    assert "\n" not in line


@pytest.mark.parametrize("listed", [False, True], ids=["search", "list"])
@pytest.mark.parametrize("kind", COSTS)
def test_the_cheapest_is_chosen_and_the_line_has_the_others(kind, listed):
    for programs in (4, 30, 1000):
        names = {"specialize", "bank" if listed else "interpret"} | ({"bank"} if programs > 32 else set())
        for steps in (0, 100, 3_000, 10_000, 10**7):
            costs = COSTS[kind].each(programs, steps)
            chosen, line = choose_engine("auto", programs, steps, kind, listed=listed)
            assert costs[chosen] == min(costs[name] for name in names)
            for name in names - {chosen}:
                assert f"{name}: {costs[name] / costs[chosen]:.1f}" in line
            assert all(f"{name}: " not in line for name in costs.keys() - names)
    assert choose_engine("auto", 1000, 10**7, "activation", listed=listed)[0] == "specialize"


def test_what_the_measurements_say():
    """Short trainings of a search are interpreted; layers, whose interpretation costs most, sooner come in banks."""
    assert {choose_engine("auto", 1000, 500, kind)[0] for kind in COSTS} == {"interpret"}
    assert choose_engine("auto", 1000, 5_000, "layer")[0] == "bank"
    assert choose_engine("auto", 1000, 5_000, "activation")[0] == "interpret"


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

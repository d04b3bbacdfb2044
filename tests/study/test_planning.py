"""Plans: how many trainings a search and a verification are, and what they take."""

import pytest

from actsearch.controllers import Random, Repeated, SuccessiveHalving
from actsearch.evaluation import COSTS, StepTime
from actsearch.language import ActsearchError
from actsearch.study import plan, planning
from actsearch.study.planning import mean_fidelity
from tests.helpers.tiny import SPACE, tiny_layer_task, tiny_task


@pytest.fixture
def clock(monkeypatch):
    """A step takes a second, a compilation a minute, on every task."""
    monkeypatch.setattr(planning, "step_times", lambda tasks, limit: [StepTime(1.0, 60.0)] * len(tasks))


def test_a_search_and_its_verification(clock):
    task = tiny_task(steps=9)
    found = plan(SPACE, [task], None, 100, engine="specialize", verify=[task], programs=3, seeds=4)
    search, verification = found.work
    assert (search.purpose, search.task, search.steps, search.most) == ("search", "digits-tiny", 9, 100)
    assert 0 < search.least < 100
    assert search.seconds[1] == 100 * 9 + 100 * 60
    assert (verification.least, verification.most) == (12, 12)
    assert verification.seconds == (12 * 9 + 3 * 60,) * 2
    assert found.hours[1] == pytest.approx((100 * 69 + 12 * 9 + 180) / 3600)
    assert found.dollars(2.0)[1] == pytest.approx(2 * found.hours[1])


def test_no_more_candidates_are_fresh_than_the_space_has(clock, monkeypatch):
    drawn = []
    monkeypatch.setattr(planning, "fresh_share", lambda space, sampled: drawn.append(sampled) or 0.9)
    (short,) = plan(SPACE, [tiny_task()], None, 10).work
    (long,) = plan(SPACE, [tiny_task()], None, 100 * SPACE.count()).work
    assert drawn == [10, min(100 * SPACE.count(), planning.SAMPLED)]
    assert (short.least, long.least) == (9, pytest.approx(SPACE.count()))


def test_the_engine_has_its_published_costs(clock):
    (search,) = plan(SPACE, [tiny_task()], None, 1000, engine="interpret").work
    assert search.step == COSTS["activation"].interpreted_step
    assert search.compilation == pytest.approx(60 * COSTS["activation"].interpreter)


def test_short_trainings_count_as_their_share():
    assert mean_fidelity(SuccessiveHalving(Random(), rungs=3, eta=3)) == pytest.approx(3 * (1 / 9) / (13 / 9))
    assert mean_fidelity(Repeated(Random(), share=0.5)) == 1.0
    halved = Repeated(SuccessiveHalving(Random(), rungs=2, eta=9), share=0.1)
    assert mean_fidelity(halved) == pytest.approx(0.9 * 0.2 + 0.1)


@pytest.mark.parametrize(
    ("tasks", "options", "match"),
    [([], {}, "at least one task"), ([tiny_layer_task()], {"seeds": 0}, "seeds must be at least 1; received 0")],
    ids=["no task", "no seed"],
)
def test_what_cannot_be_planned(clock, tasks, options, match):
    with pytest.raises(ActsearchError, match=match):
        plan(SPACE, tasks, **options)

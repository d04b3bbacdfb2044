"""RayEvaluator without Ray: what it refuses, what a worker says of itself, and trials of candidates that failed."""

import pickle
import sys
import time

import pytest

from actsearch import ActsearchError
from actsearch.evaluation import Attempt, Evaluator, RayEvaluator, TrainingEvaluator
from actsearch.evaluation.cluster import crew, pool
from actsearch.evaluation.cluster.faults import FaultLog
from actsearch.evaluation.cluster.pieces import Piece, Pieces
from actsearch.evaluation.cluster.pool import _whole
from actsearch.evaluation.cluster.slots import Slot
from actsearch.evaluation.cluster.worker import Worker, own_version
from actsearch.spaces import swish
from actsearch.tasks.source import load_task, own_modules
from actsearch.trials import Proposal, Status
from tests.helpers.staged import StagedEvaluator
from tests.helpers.tiny import SPACE, sampled, tiny_task


def proposals(count=4):
    return [Proposal(SPACE.decode(genotype), genotype) for genotype in sampled(count, seed=1)]


def test_it_is_an_evaluator_with_the_identity_of_its_own():
    inner = StagedEvaluator()
    evaluator = RayEvaluator(inner, "auto")
    assert isinstance(evaluator, Evaluator)
    assert (evaluator.identity, evaluator.space) == (inner.identity, swish())
    assert evaluator.summary.endswith("on Ray, auto")
    assert evaluator.faults == ()


@pytest.mark.parametrize(
    ("options", "message"),
    [({"workers": 0}, "at least 1; received 0"), ({"limit": 0.0}, "above 0; received 0"), ({"limit": -1}, "above 0")],
)
def test_a_number_out_of_range(options, message):
    with pytest.raises(ActsearchError, match=message):
        RayEvaluator(StagedEvaluator(), **options)


def test_devices_of_this_process(monkeypatch):
    inner = StagedEvaluator()
    inner.devices = ("cpu",)
    with pytest.raises(ActsearchError, match="leave `devices` out"):
        RayEvaluator(inner)


def test_without_ray_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ActsearchError, match=r"pip install 'actsearch\[ray\]'"):
        RayEvaluator(StagedEvaluator()).evaluate(proposals(), 0)


def test_a_worker_of_another_version_says_so():
    greeting = Worker().greet("0.1.0", b"", {})
    assert greeting.problem == f"it has actsearch {own_version()}, and the search 0.1.0: install the same version there"
    assert greeting.pid


def test_an_evaluator_pickles_without_what_it_compiled_and_remembers():
    evaluator = TrainingEvaluator(SPACE, tiny_task(), engine="interpret")
    evaluator._runner._trainers["compiled"] = lambda: None
    evaluator.begin(StagedEvaluator(space=SPACE).evaluate(proposals(), 0))
    copy = pickle.loads(pickle.dumps(evaluator))
    assert copy.identity == evaluator.identity
    assert (copy._runner._trainers, copy._memory._first) == ({}, {})
    assert evaluator._memory._first


def test_a_failed_candidate_is_a_failed_trial_and_so_is_its_duplicate():
    inner = StagedEvaluator(space=SPACE)
    one, two, *_ = proposals()
    screenings = [inner.screen(index, proposal) for index, proposal in enumerate([one, two, one])]
    assert [screening.index for screening in inner.fresh(screenings)] == [0, 1]
    attempts = inner.train(screenings[1:2]) | {0: Attempt.failed(screenings[0], "its worker died")}
    trials = inner.conclude(screenings, attempts)
    assert [trial.status for trial in trials] == [Status.FAILED, Status.OK, Status.FAILED]
    assert [trial.note for trial in trials] == ["its worker died", "", "its worker died"]
    assert [trial.score for trial in trials[::2]] == [None, None]
    assert inner.evaluate([one], 3)[0].status is Status.OK  # it claims nothing: proposed again, it is tried again


def test_a_task_from_a_file_is_known_to_travel_with_its_code(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from tests.helpers.tiny import tiny_task\n\n\ndef make():\n    return tiny_task()\n"
    )
    load_task(f"{tmp_path / 'mine.py'}:make")
    assert [module for module in own_modules() if module.__name__.startswith("mine@")]


class NoRay:
    """A cluster whose machines have no room, and come and go."""

    def __init__(self):
        self.machines = []

    def kill(self, actor):
        pass

    def nodes(self):
        return [{"NodeID": name, "NodeManagerHostname": name, "Alive": True, "Resources": {}} for name in self.machines]


@pytest.fixture
def empty_crew(monkeypatch):
    monkeypatch.setattr(crew, "import_ray", NoRay)
    monkeypatch.setattr(crew, "_pickled", lambda evaluator: b"")
    monkeypatch.setattr(crew, "LOOK_EVERY", -1.0)
    return crew.Crew(StagedEvaluator(), FaultLog(), None)


def test_without_a_machine_it_waits_and_says_so_once(empty_crew):
    for _ in range(3):
        empty_crew.recruit()
    assert [fault.kind for fault in empty_crew._log.faults] == ["waiting"]
    assert not empty_crew


def test_a_refused_machine_that_is_gone_is_forgotten(empty_crew):
    empty_crew._ray.machines = ["old"]
    empty_crew._refuse(Slot("old", "old", 0, gpu=False), "it has actsearch 0.0.1")
    with pytest.raises(ActsearchError, match=r"old gets no work: it has actsearch 0\.0\.1\."):
        empty_crew.recruit()
    empty_crew._ray.machines = []
    empty_crew.recruit()
    assert [fault.kind for fault in empty_crew._log.faults] == ["refused", "waiting"]


def test_workers_that_do_not_start_are_waited_for_and_it_says_so_once(empty_crew, monkeypatch):
    """Until one has greeted."""
    worker = empty_crew.hired[Slot("busy", "busy", 0, gpu=False)] = crew.Hired(None, "a greeting to come")
    empty_crew.recruit()
    assert not empty_crew._log.faults
    monkeypatch.setattr(crew, "SILENT", -1.0)
    for _ in range(3):
        empty_crew.recruit()
    assert [fault.kind for fault in empty_crew._log.faults] == ["waiting"]
    monkeypatch.setattr(crew, "SILENT", 30.0)
    worker.piece = Piece((0,))
    empty_crew.recruit()
    assert not empty_crew._waiting


def test_a_worker_that_never_greets_is_replaced_where_there_is_a_limit(empty_crew, monkeypatch):
    monkeypatch.setattr(pool, "import_ray", NoRay)
    for limit, since, kinds in [(None, 999, []), (3.0, 60, []), (3.0, 121, ["late"]), (600.0, 500, [])]:
        own = pool.Pool(StagedEvaluator(), FaultLog(), None, limit)
        own._crew.hired[Slot("a", "a", 0, gpu=False)] = crew.Hired(None, "to come", since=time.monotonic() - since)
        own._replace_late(Pieces({}, 1))
        assert [fault.kind for fault in own._log.faults] == kinds
        assert len(own._crew.hired) == 1 - len(kinds)


def test_an_evaluator_that_forgets_a_candidate():
    with pytest.raises(ActsearchError, match=r"each candidate of a piece, here \[3, 4\]; received \[3\]"):
        _whole({3: "a result"}, Piece((3, 4)))

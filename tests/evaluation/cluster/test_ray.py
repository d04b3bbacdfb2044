"""A search on a local cluster of two workers, and all that may go wrong on one. RAY_ADDRESS names another cluster."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

ray = pytest.importorskip("ray", reason="needs Ray: pip install 'actsearch[ray]'")

from actsearch import ActsearchError  # noqa: E402
from actsearch.archive import Archive, ArchiveError  # noqa: E402
from actsearch.cli import main  # noqa: E402
from actsearch.evaluation import RayEvaluator, TrainingEvaluator  # noqa: E402
from actsearch.evaluation.cluster import crew  # noqa: E402
from actsearch.evaluation.cluster.connection import connect  # noqa: E402
from actsearch.spaces import swish  # noqa: E402
from actsearch.study import MemoryStore, run, search  # noqa: E402
from actsearch.trials import Proposal, Status  # noqa: E402
from actsearch.trials.codec import to_plain  # noqa: E402
from tests.helpers.killed_search import BUDGETS, CONTROLLERS  # noqa: E402
from tests.helpers.staged import StagedEvaluator  # noqa: E402
from tests.helpers.tiny import SPACE, tiny_task  # noqa: E402

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module", autouse=True)
def cluster():
    """A cluster on this machine, whose processes end with the module."""
    connect(os.environ.get("RAY_ADDRESS"))
    yield
    ray.shutdown()


PROGRAMS = [SPACE.decode(SPACE.at(index)) for index in range(12)]
PROPOSALS = [Proposal(program, SPACE.encode(program)) for program in PROGRAMS]
TEXTS = [str(program) for program in PROGRAMS]


def on_ray(inner, **options):
    return RayEvaluator(inner, workers=2, **options)


def told(trials):
    """Returns trials as text without the seconds that they took; NaN equals NaN."""
    return [json.dumps(to_plain(trial) | {"seconds": 0}) for trial in trials]


def evaluated(**options):
    """Evaluates the programs on two workers, of which some do what `options` of the evaluator ask of them."""
    limit = options.pop("limit", None)
    with on_ray(StagedEvaluator(space=SPACE, **options), limit=limit) as evaluator:
        return evaluator.evaluate(PROPOSALS, 0), evaluator.faults


def expected():
    return StagedEvaluator(space=SPACE).evaluate(PROPOSALS, 0)


def check_only_one_failed(trials, index):
    """All but one candidate have the scores that they have elsewhere."""
    assert trials[index].status is Status.FAILED
    assert [told([one]) for one in trials if one.index != index] == [
        told([one]) for one in expected() if one.index != index
    ]


def test_a_cluster_equals_one_process():
    """To the last bit, with duplicates, rejects and diverged ones; in the order of the proposals."""

    def evaluator():
        return TrainingEvaluator(SPACE, tiny_task(), engine="interpret", seeds=(0, 1))

    alone = search(SPACE, evaluator(), CONTROLLERS["evolution"], 96, batch=32)
    with on_ray(evaluator()) as cluster:
        together = search(SPACE, cluster, CONTROLLERS["evolution"], 96, batch=32)
        assert cluster.faults == ()
    assert {"ok", "duplicate", "rejected"} <= {str(trial.status) for trial in alone.trials}
    assert told(together.trials) == told(alone.trials)


@pytest.mark.parametrize(("engine", "within"), [("specialize", 0.0), ("bank", 0.1)])
def test_engines_that_compile_programs(engine, within):
    """A bank of other programs is rounded differently, and training amplifies that."""

    def evaluator():
        return TrainingEvaluator(SPACE, tiny_task(), engine=engine)

    alone = evaluator().evaluate(PROPOSALS[:4], 0)
    with on_ray(evaluator()) as cluster:
        together = cluster.evaluate(PROPOSALS[:4], 0)
    assert [(trial.fingerprint, trial.status) for trial in together] == [(t.fingerprint, t.status) for t in alone]
    assert [trial.score for trial in together] == pytest.approx([trial.score for trial in alone], abs=within)


@pytest.mark.parametrize("how", ["exit", "segfault"])
def test_a_candidate_that_takes_its_process_down_fails_after_two_tries(how):
    trials, faults = evaluated(acts={TEXTS[4]: how})
    check_only_one_failed(trials, 4)
    assert [fault.kind for fault in faults] == ["lost", "lost", "failed"]
    assert all(4 in fault.trials for fault in faults)
    assert "died" in trials[4].note


def test_a_gate_that_takes_its_process_down():
    trials, faults = evaluated(screened={TEXTS[4]: "segfault"})
    check_only_one_failed(trials, 4)
    assert [fault.kind for fault in faults] == ["lost", "lost", "failed"]


def test_a_candidate_that_does_not_fit_into_memory():
    trials, _ = evaluated(acts={TEXTS[0]: "memory"})
    check_only_one_failed(trials, 0)
    assert trials[0].note == "out of memory: 16 TB"


def test_a_worker_that_hangs_past_its_limit():
    trials, faults = evaluated(acts={TEXTS[11]: "hang"}, limit=3.0)
    check_only_one_failed(trials, 11)
    assert [fault.kind for fault in faults] == ["late", "late", "failed"]
    assert "longer than 3 s" in trials[11].note


def test_a_worker_killed_in_mid_batch(tmp_path):
    """Its piece goes to another, and is counted once."""
    mark = tmp_path / "worker"

    def kill():
        while not mark.exists():
            time.sleep(0.05)
        os.kill(int(mark.read_text()), signal.SIGKILL)

    threading.Thread(target=kill, daemon=True).start()
    trials, faults = evaluated(acts={TEXTS[2]: "wait"}, mark=str(mark))
    assert told(trials) == told(expected())
    assert [fault.kind for fault in faults] == ["lost"]
    assert 2 in faults[0].trials


def test_a_bug_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError, match="a bug of the package"):
        evaluated(acts={TEXTS[1]: "bug"})


def test_a_worker_with_another_version_is_refused_by_name(monkeypatch):
    monkeypatch.setattr(crew, "own_version", lambda: "9.9")
    with pytest.raises(ActsearchError, match=rf"{os.uname().nodename} gets no work: it has actsearch .*search 9\.9"):
        evaluated()


def test_a_machine_with_other_data_is_refused(monkeypatch):
    inner = StagedEvaluator(space=SPACE)
    monkeypatch.setattr(StagedEvaluator, "identity", {"tasks": {"digits-tiny": "other"}})
    with on_ray(inner) as evaluator, pytest.raises(ActsearchError, match=r"other scores: .*tasks\.digits-tiny"):
        evaluator.evaluate(PROPOSALS, 0)


def test_a_clock_that_jumps(monkeypatch):
    """An hour forth and back, at every look: nobody is late, and the trials are those of a steady clock."""
    jumps, real = iter(range(10**9)), time.time
    monkeypatch.setattr(time, "time", lambda: real() + 3600 * (-1) ** next(jumps))
    trials, faults = evaluated(limit=60.0)
    assert told(trials) == told(expected())
    assert faults == ()


def test_a_full_disk_stops_the_search_which_then_goes_on(tmp_path, monkeypatch):
    """The disk itself is in tests/study/test_full_disk.py; here the workers outlive it, and the run lists it."""
    append, full = Archive.append, iter([False, True])

    def sometimes(self, trials):
        if next(full, False):
            raise ArchiveError("The disk is full")
        append(self, trials)

    monkeypatch.setattr(Archive, "append", sometimes)
    with on_ray(StagedEvaluator(), log=tmp_path / "faults.jsonl") as evaluator:
        with pytest.raises(ArchiveError, match="disk is full"):
            search("swish-1", evaluator, "evolution", 200, out=tmp_path)
        together = search("swish-1", evaluator, "evolution", 200, out=tmp_path)
    alone = search("swish-1", StagedEvaluator(), "evolution", 200)
    assert told(together.trials) == told(alone.trials)
    assert [json.loads(line)["kind"] for line in (tmp_path / "faults.jsonl").read_text().splitlines()] == ["resumed"]


def test_workers_end_with_their_evaluator():
    evaluator = on_ray(StagedEvaluator(space=SPACE))
    evaluator.evaluate(PROPOSALS, 0)
    pids = [ray.get(worker.actor.greet.remote("", b"", {})).pid for worker in evaluator._pool._crew.hired.values()]
    assert all(Path(f"/proc/{pid}").exists() for pid in pids)
    evaluator.close()
    for _ in range(100):
        if not any(Path(f"/proc/{pid}").exists() for pid in pids):
            break
        time.sleep(0.1)
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_a_driver_killed_and_resumed(tmp_path):
    """Its workers end with it; another process goes on in the same directory, and all is as in an unbroken run."""
    command = [sys.executable, "-m", "tests.helpers.killed_search", str(tmp_path / "run"), "evolution", "ray"]
    address = ray.get_runtime_context().gcs_address
    options = {"cwd": ROOT, "env": {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}}
    options["env"]["RAY_ADDRESS"] = address
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options) as driver:
        lines = [driver.stdout.readline() for _ in range(3)]
        driver.send_signal(signal.SIGKILL)
    stored = int(lines[-1].split()[0])
    resumed = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert resumed.returncode == 0, resumed.stderr
    done, fresh = map(int, resumed.stdout.splitlines()[-1].split())
    assert done == BUDGETS["evolution"]
    assert 0 < done - stored - 3 * 8 <= fresh <= done - stored
    with Archive.read(tmp_path / "run") as archive:
        trials = archive.trials()
    alone = MemoryStore()
    run(swish(), StagedEvaluator(), CONTROLLERS["evolution"], done, seed=3, batch=8, store=alone)
    assert told(trials) == told(alone.trials())
    faults = [json.loads(line)["kind"] for line in (tmp_path / "run" / "faults.jsonl").read_text().splitlines()]
    assert faults == ["resumed"]


OWN = """
import dataclasses
from actsearch.nn import MLPConfig
from tests.helpers.tiny import tiny_task


@dataclasses.dataclass(frozen=True)
class Mine(MLPConfig):
    pass


def make():
    return dataclasses.replace(tiny_task(), name="mine", network=Mine((64, 6, 10)))
"""


def test_a_table_on_the_command_line(tmp_path, capsys):
    command = ["search", "--task", "tabular-swish1-digits-resnet", "--executor", "ray", "--out", str(tmp_path / "run")]
    assert main(command) == 2
    assert "A table is looked up in this process" in capsys.readouterr().err


def test_the_command_line_with_a_task_from_a_file(tmp_path, capsys):
    """What is defined in the user's file goes to the workers, and Ray prints nothing among the results."""
    (tmp_path / "own.py").write_text(OWN)
    command = ["search", "--task", f"{tmp_path / 'own.py'}:make", "--budget", "24", "--batch", "12", "--json"]
    assert main([*command, "--out", str(tmp_path / "alone")]) == 0
    alone = json.loads(capsys.readouterr().out)
    options = ["--executor", "ray", "--workers", "2", "--piece-minutes", "10"]
    assert main([*command, *options, "--out", str(tmp_path / "together")]) == 0
    together = json.loads(capsys.readouterr().out)
    assert together["best"] == alone["best"]
    assert [row["trials"] for row in together["funnel"]] == [row["trials"] for row in alone["funnel"]]
    with Archive.read(tmp_path / "alone") as one, Archive.read(tmp_path / "together") as other:
        assert one.config == other.config
        assert told(one.trials()) == told(other.trials())


@contextlib.contextmanager
def second_machine(*paths):
    """Adds a machine with one core to the cluster; yields a function that takes it away at once."""
    address = ray.get_runtime_context().gcs_address
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--num-cpus=1", f"--address={address}"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*paths, str(ROOT), *sys.path])}
    others = {node["NodeID"] for node in ray.nodes()}

    def joined():
        return any(node["Alive"] and node["NodeID"] not in others for node in ray.nodes())

    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:

        def kill():
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            for pid in map(int, children):
                os.kill(pid, signal.SIGKILL)

        try:
            while not joined():
                assert process.poll() is None
                time.sleep(0.2)
            yield kill
        finally:
            process.terminate()
            while joined():  # Ray takes some seconds to miss one that was killed
                time.sleep(0.2)


def test_a_machine_that_goes_away(tmp_path):
    """In the middle of a piece, with its worker: the others do its work, and the search goes on."""
    mark = tmp_path / "worker"
    with second_machine() as kill:

        def go():
            while not mark.exists():
                time.sleep(0.05)
            kill()
            os.kill(int(mark.read_text()), signal.SIGKILL)

        threading.Thread(target=go, daemon=True).start()
        with RayEvaluator(StagedEvaluator(space=SPACE, acts={TEXTS[2]: "wait"}, mark=str(mark))) as evaluator:
            trials = evaluator.evaluate(PROPOSALS, 0)
            assert told(trials) == told(expected())
            assert {fault.kind for fault in evaluator.faults} == {"lost"}
            evaluator.begin([])
            assert told(evaluator.evaluate(PROPOSALS, 0)) == told(expected())


def test_a_machine_with_another_version_gets_no_work(tmp_path):
    """The search goes on with the others."""
    info = tmp_path / "actsearch-0.0.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: actsearch\nVersion: 0.0.1\n")
    with second_machine(str(tmp_path)), RayEvaluator(StagedEvaluator(space=SPACE)) as evaluator:
        deadline = time.monotonic() + 300
        while not evaluator.faults and time.monotonic() < deadline:
            assert told(evaluator.evaluate(PROPOSALS, 0)) == told(expected())
            evaluator.begin([])
        assert [fault.kind for fault in evaluator.faults] == ["refused"]
        assert "it has actsearch 0.0.1, and the search" in evaluator.faults[0].note
        assert told(evaluator.evaluate(PROPOSALS, 0)) == told(expected())

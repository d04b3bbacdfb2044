"""Long trainings: gone on with after a stop as if there had been none, and loaded as networks."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from actsearch import ActsearchError, parse
from actsearch.evaluation import Job, SavedTrainer, Trainer, load_candidate, train_saved, verify
from actsearch.evaluation.checkpoints import Checkpoints
from actsearch.evaluation.training_folder import OUTCOME, STATES
from actsearch.tasks import get_task
from tests.helpers.tiny import tiny_layer_task, tiny_task

TASK, SWISH = tiny_task(steps=10), parse("x * sigmoid(beta * x)")
ONE = jax.devices()[:1]


class Stopped(Exception):
    pass


def stop_at(step):
    """Returns a report that ends the process's part at a step, as a kill would."""

    def report(line):
        if f"step {step} of" in line and "on from" not in line:
            raise Stopped

    return report


def trained(folder, task=TASK, program=SWISH, **options):
    return train_saved(task, program, folder, every=3, **{"devices": ONE} | options)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Folder and outcome of a training that was never stopped."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, trained(folder)


def test_it_ends_where_a_trainer_ends(whole):
    trainer = Trainer.specialized(TASK, SWISH, devices=ONE)
    (expected,) = trainer([Job((), 0)])
    assert whole[1].metrics == pytest.approx(expected.metrics, rel=1e-5)
    assert whole[1].train_loss == pytest.approx(expected.train_loss, rel=1e-5)


def test_gone_on_with_it_ends_as_if_it_had_never_stopped(whole, tmp_path):
    with pytest.raises(Stopped):
        trained(tmp_path, report=stop_at(6))
    lines = []
    assert trained(tmp_path, report=lines.append) == whole[1]
    assert lines[0] == f"{tmp_path}: on from step 6 of 10"


def test_states_are_kept_as_many_as_asked_for(whole):
    assert sorted(path.name for path in (whole[0] / STATES).iterdir()) == ["step_10", "step_9"]


def damage(folder):
    """Changes one byte in the middle of the largest file of a state."""
    path = max((file for file in folder.rglob("*") if file.is_file()), key=lambda file: file.stat().st_size)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize(
    "ruin", [damage, lambda folder: (folder / "state" / "_METADATA").unlink()], ids=["bit", "file"]
)
def test_a_damaged_state_is_named_and_the_one_before_it_used(whole, tmp_path, ruin):
    with pytest.raises(Stopped):
        trained(tmp_path, report=stop_at(9))
    ruin(tmp_path / STATES / "step_9")
    lines = []
    assert trained(tmp_path, report=lines.append) == whole[1]
    assert str(tmp_path / STATES / "step_9") in lines[0]
    assert lines[1] == f"{tmp_path}: on from step 6 of 10"


def test_a_checksum_sees_what_no_reader_sees(tmp_path):
    with Checkpoints(tmp_path) as states:
        states.save(3, {"a": jnp.arange(4.0)})
    about = next(tmp_path.rglob("about/metadata"))
    about.write_text(json.dumps({"checksum": "another"}))
    lines = []
    with Checkpoints(tmp_path, report=lines.append) as states:
        assert states.newest({"a": jnp.zeros(4)}) is None
    assert "its numbers are not those that were saved" in lines[0]


def test_random_keys_and_statistics_are_part_of_a_state(tmp_path):
    state = {"key": jax.random.key(3), "mean": jnp.ones(2), "count": jnp.int32(7)}
    with Checkpoints(tmp_path) as states:
        states.save(1, state)
        step, found = states.newest(state)
    assert (step, int(found["count"])) == (1, 7)
    assert jax.random.uniform(found["key"]) == jax.random.uniform(state["key"])


def test_a_loaded_network_is_the_one_that_was_measured(whole):
    candidate = load_candidate(whole[0], TASK)
    accuracy = candidate.task.metrics(candidate.network, candidate.task.data().validation)["accuracy"]
    assert float(accuracy) == pytest.approx(candidate.metrics["validation"]["accuracy"])
    assert candidate.program == SWISH


@pytest.mark.slow
def test_a_layer_keeps_its_moving_averages(tmp_path):
    task = tiny_layer_task()
    outcome = trained(tmp_path, task, "(x - batch_mean(x)) / batch_std(x)")
    network = load_candidate(tmp_path, task).network
    loss = task.metrics(network, task.data().validation)["loss"]
    assert float(loss) == pytest.approx(outcome.metrics["loss"], rel=1e-5)


@pytest.mark.slow
def test_devices_share_a_training(whole, tmp_path):
    shared = trained(tmp_path, devices=jax.devices()[:2])
    assert shared.metrics == pytest.approx(whole[1].metrics, rel=1e-4)


def test_a_training_goes_on_and_is_loaded_on_other_devices(whole, tmp_path):
    with pytest.raises(Stopped):
        trained(tmp_path, devices=jax.devices()[:2], report=stop_at(6))
    lines = []
    outcome = trained(tmp_path, report=lines.append)
    assert lines[0] == f"{tmp_path}: on from step 6 of 10"
    assert outcome.metrics == pytest.approx(whole[1].metrics, rel=1e-4)
    assert load_candidate(tmp_path, TASK).metrics["validation"] == outcome.metrics


def test_states_are_saved_after_damaged_ones_of_later_steps(whole, tmp_path):
    with pytest.raises(Stopped):
        trained(tmp_path, report=stop_at(9))
    for step in (6, 9):
        damage(tmp_path / STATES / f"step_{step}")
    with pytest.raises(Stopped):
        trained(tmp_path, report=stop_at(6))
    lines = []
    assert trained(tmp_path, report=lines.append) == whole[1]
    assert lines[0] == f"{tmp_path}: on from step 6 of 10"


def test_one_process_trains_in_a_folder_and_others_may_look(tmp_path):
    met = []

    def look(line):
        with pytest.raises(ActsearchError, match="Another process trains in"):
            trained(tmp_path)
        with pytest.raises(ActsearchError, match=r"stands at step \d of 10"):
            load_candidate(tmp_path, TASK)
        met.append(line)

    trained(tmp_path, report=look)
    assert len(met) == 4


def test_the_same_function_written_otherwise_is_the_same_training(whole):
    assert trained(whole[0], program=parse("sigmoid(beta * x) * x")) == whole[1]


def test_another_part_is_measured_without_training(whole):
    lines = []
    assert trained(whole[0], part="test", report=lines.append).metrics != whole[1].metrics
    assert lines == [f"{whole[0]}: on from step 10 of 10"]
    assert set(json.loads((whole[0] / OUTCOME).read_text())) == {"validation", "test"}


def test_mistakes(whole, tmp_path):
    with pytest.raises(ActsearchError, match=r"holds another training: seed is 0 there and 1 here\. Choose"):
        trained(whole[0], seed=1)
    with pytest.raises(ActsearchError, match=r"part is one of validation, test; received 'tset'\."):
        trained(tmp_path / "new", part="tset")
    with pytest.raises(ActsearchError, match=r"rate_scale must be a number above 0; received -1\."):
        trained(tmp_path / "new", rate_scale=-1.0)
    with pytest.raises(ActsearchError, match="give a task of layers"):
        trained(tmp_path / "new", program=parse("x / layer_rms(x)"))
    (tmp_path / "file").touch()
    with pytest.raises(ActsearchError, match="cannot be used for a training"):
        trained(tmp_path / "file")
    assert not (tmp_path / "new").exists()
    with pytest.raises(ActsearchError, match=r"every must be at least 1; received 0\."):
        train_saved(TASK, SWISH, tmp_path, every=0)
    with pytest.raises(ActsearchError, match=r"There is no training in .*training\.json"):
        load_candidate(tmp_path)
    with pytest.raises(Stopped):
        trained(tmp_path, report=stop_at(3))
    with pytest.raises(ActsearchError, match="stands at step 3 of 10: go on with it"):
        load_candidate(tmp_path, TASK)


@pytest.mark.slow
def test_a_verification_goes_on(tmp_path, monkeypatch):
    first = verify("sin(x)", TASK, seeds=2, out=tmp_path)
    assert len(list(tmp_path.rglob(OUTCOME))) == 4  # two functions, two seeds
    next(tmp_path.rglob(OUTCOME)).unlink()
    monkeypatch.setattr(SavedTrainer, "_trained", None)  # nothing is trained again
    with pytest.raises(TypeError, match="not callable"):
        verify("sin(x)", TASK, seeds=2, out=tmp_path)
    monkeypatch.undo()
    assert verify("sin(x)", TASK, seeds=2, out=tmp_path) == first
    with pytest.raises(ActsearchError, match="equal time are not saved"):
        verify("sin(x)", TASK, seeds=2, out=tmp_path, equal_time=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mnist1d-mlp", "tests.helpers.streamed:long_task"], ids=["resident", "streamed"])
def test_kills_at_random_moments_change_nothing(tmp_path, name):
    """kill -9, again and again; then the metrics are those of a training in one go, bit for bit."""
    command = [sys.executable, "-m", "actsearch", "train", "silu", "--task", name, "--every", "5", "--out"]
    subprocess.run([*command, str(tmp_path / "whole")], check=True, capture_output=True)
    moments, kills = random.Random(0), 0
    for _ in range(5):
        process = subprocess.Popen([*command, str(tmp_path / "killed")], stderr=subprocess.PIPE, text=True)
        for line in process.stderr:
            if "step" in line:
                break
        time.sleep(moments.uniform(0, 1.0))
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            kills += 1
        process.communicate()
    subprocess.run([*command, str(tmp_path / "killed")], check=True, capture_output=True)
    assert kills >= 3
    one, other = (json.loads((tmp_path / folder / OUTCOME).read_text()) for folder in ("whole", "killed"))
    assert one == other
    task = get_task(name)
    arrays = [jax.tree.leaves(load_candidate(tmp_path / folder, task).network) for folder in ("whole", "killed")]
    assert all(np.array_equal(a, b) for a, b in zip(*arrays, strict=True))

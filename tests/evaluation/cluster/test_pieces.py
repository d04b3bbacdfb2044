"""The work of a round in pieces, without a cluster: nothing is lost, nothing is done twice, one failure is one."""

import json
import random

import pytest

from actsearch.evaluation.cluster.faults import FaultLog
from actsearch.evaluation.cluster.pieces import MOST, Piece, Pieces, piece_size
from actsearch.evaluation.cluster.slots import slots_of


def finished(pieces, dies):
    """Works off all pieces; `dies` says whether a worker dies in one. Returns the indices of the finished ones."""
    done = []
    while pieces:
        piece = pieces.take()
        if dies(piece):
            pieces.lose(piece, "died")
        else:
            done += piece.indices
    return done


@pytest.mark.parametrize("size", [1, 3, 64])
def test_one_that_kills_its_worker_fails_alone(size):
    pieces, deaths = Pieces(range(10), size), []

    def dies(piece):
        if 4 in piece.indices:
            deaths.append(piece)
        return 4 in piece.indices

    assert sorted(finished(pieces, dies)) == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    assert pieces.failed == {4: "died"}
    assert len(deaths) == 2


@pytest.mark.parametrize("seed", range(5))
def test_whatever_dies_each_is_done_once_or_failed(seed):
    rng, pieces = random.Random(seed), Pieces(range(40), 7)
    done = finished(pieces, lambda piece: rng.random() < 0.4)
    assert sorted([*done, *pieces.failed]) == list(range(40))
    assert pieces.failed


def test_a_piece_that_nobody_began_comes_back_whole():
    pieces = Pieces(range(3), 2)
    for _ in range(5):
        pieces.put_back(pieces.take())
    assert pieces.take() == Piece((0, 1))
    assert pieces.failed == {}


def test_pieces_are_small_enough_for_all_and_for_an_accelerator():
    assert [piece_size(count, workers=4) for count in (1, 8, 9, 10**6)] == [1, 1, 2, MOST]
    assert piece_size(10, workers=0) == 5


def test_a_machine_without_cpus_and_gpus_has_no_worker():
    def node(name, alive=True, **resources):
        return {"NodeID": name, "NodeManagerHostname": name, "Alive": alive, "Resources": resources}

    nodes = [node("head", CPU=0.0), node("box", CPU=8.0, GPU=2.0), node("gone", False, CPU=4.0), node("lap", CPU=1.0)]
    assert [str(slot) for slot in slots_of(nodes)] == ["worker 0 on box", "worker 1 on box", "worker 0 on lap"]
    assert [slot.gpu for slot in slots_of(nodes)] == [True, True, False]


def test_faults_are_listed_told_and_written(tmp_path):
    lines = []
    log = FaultLog(tmp_path / "faults.jsonl", lines.append)
    log.add("lost", "worker 0 on box died", (3, 4))
    log.add("resumed", "the search goes on")
    rows = [json.loads(line) for line in (tmp_path / "faults.jsonl").read_text().splitlines()]
    assert [(row["kind"], row["trials"]) for row in rows] == [("lost", [3, 4]), ("resumed", [])]
    assert lines == ["lost: worker 0 on box died (trials 3, 4)", "resumed: the search goes on"]
    assert [fault.kind for fault in log.faults] == ["lost", "resumed"]


def test_a_file_that_cannot_be_written_stops_nothing(tmp_path):
    log = FaultLog(tmp_path / "absent" / "faults.jsonl")
    log.add("lost", "worker 0 on box died")
    assert len(log.faults) == 1

"""Several hosts train one network together: two processes here, each with two devices, equal one device."""

import json
import socket
import subprocess
import sys

import jax
import pytest

from actsearch.catalog import CATALOG
from actsearch.evaluation import score_programs
from tests.helpers.tiny import tiny_layer_task


def free_port():
    with socket.socket() as server:
        server.bind(("localhost", 0))
        return server.getsockname()[1]


@pytest.mark.slow
def test_two_processes_equal_one_device():
    """Statistics over the batch are those of both processes; each of them knows all results."""
    port = str(free_port())
    command = [sys.executable, "-m", "tests.helpers.one_of_two_hosts", port]
    hosts = [subprocess.Popen([*command, str(process)], stdout=subprocess.PIPE, text=True) for process in (0, 1)]
    try:
        outputs = [host.communicate(timeout=500)[0] for host in hosts]
    finally:
        for host in hosts:
            host.kill()
    first, second = (json.loads(line) for text in outputs for line in text.splitlines() if line.startswith("{"))
    assert first == second
    assert (first["devices"], first["own"]) == (4, 2)
    programs = [CATALOG[name].program for name in ("evonorm_b0", "batch_norm_relu")]
    one = score_programs(tiny_layer_task(), programs, [0, 1], engine="specialize", devices=jax.devices()[:1])
    for size in ("4", "2"):
        assert first["losses"][size] == pytest.approx([row["loss"] for r in one for row in r.metrics], rel=2e-4)

"""Devices: a mesh over all or the given ones, and one CPU device for each core."""

import os
import subprocess
import sys

import jax

from actsearch.evaluation import candidate_mesh, use_all_cores


class TestMesh:
    def test_all_devices_or_the_given_ones(self):
        assert (candidate_mesh().axis_names, candidate_mesh().size) == (("candidate",), 4)
        two = jax.devices()[2:]
        assert candidate_mesh(two).devices.tolist() == two

    def test_use_all_cores_leaves_a_user_choice_alone(self):
        use_all_cores()
        assert (jax.config.jax_num_cpu_devices, jax.device_count()) == (4, 4)

    def test_use_all_cores_makes_one_device_a_core(self):
        code = "import jax; from actsearch.evaluation import use_all_cores as f; f(); print(jax.device_count())"
        clean = {k: v for k, v in os.environ.items() if k != "XLA_FLAGS"} | {"JAX_PLATFORMS": "cpu"}
        shown = subprocess.run([sys.executable, "-c", code], env=clean, capture_output=True, text=True, check=True)
        assert int(shown.stdout) == len(os.sched_getaffinity(0))

"""Devices: a mesh over all or the given ones, and one CPU device for each core."""

import os
import subprocess
import sys

import jax
import pytest

from actsearch.evaluation import DataParallel, use_all_cores
from actsearch.evaluation.devices import as_layout
from actsearch.language import ActsearchError


class TestMesh:
    def test_all_devices_or_the_given_ones(self):
        assert DataParallel(1).mesh().shape == {"candidate": 4, "data": 1}
        two = jax.devices()[2:]
        assert as_layout(two).mesh().devices.tolist() == [[two[0]], [two[1]]]
        assert as_layout(DataParallel(2)) == DataParallel(2)

    def test_neighbours_share_a_training(self):
        first, second, third, fourth = jax.devices()
        assert DataParallel(2).mesh().devices.tolist() == [[first, second], [third, fourth]]

    @pytest.mark.parametrize("size", [0, 3, 8])
    def test_a_size_that_does_not_divide_the_devices(self, size):
        with pytest.raises(ActsearchError, match=f"^4 devices cannot be split into groups of {size} that share"):
            DataParallel(size).mesh()

    def test_use_all_cores_leaves_a_user_choice_alone(self):
        use_all_cores()
        assert (jax.config.jax_num_cpu_devices, jax.device_count()) == (4, 4)

    def test_use_all_cores_makes_one_device_a_core(self):
        code = "import jax; from actsearch.evaluation import use_all_cores as f; f(); print(jax.device_count())"
        clean = {k: v for k, v in os.environ.items() if k != "XLA_FLAGS"} | {"JAX_PLATFORMS": "cpu"}
        shown = subprocess.run([sys.executable, "-c", code], env=clean, capture_output=True, text=True, check=True)
        assert int(shown.stdout) == len(os.sched_getaffinity(0))

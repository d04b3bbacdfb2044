"""Settings of every test: four CPU devices, JAX at its strictest, and the same random examples in every run."""

import ctypes
import gc
import math
import os
import sys
from pathlib import Path

import hypothesis
import jax
import pytest
from jax.experimental.compilation_cache import compilation_cache as jax_cache

# Before anything touches a device: afterwards the number of devices can no longer change.
jax.config.update("jax_num_cpu_devices", 4)
# Parameters of a channel are broadcast on purpose or not at all.
jax.config.update("jax_numpy_rank_promotion", "raise")

# Compilation makes the first example of a test slow, so deadlines would fail at random.
hypothesis.settings.register_profile("actsearch", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("actsearch")

# Programs that tests start; importing one of them registers its components.
collect_ignore_glob = ["helpers/*"]

LIBC = ctypes.CDLL("libc.so.6") if sys.platform == "linux" else None
STATM = Path("/proc/self/statm")
ENOUGH = 1_500_000_000
"""Bytes of memory above which a worker forgets what it compiled."""


def held():
    """Returns the bytes of memory that this process holds; more than enough where no system says so."""
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if STATM.exists() else math.inf


@pytest.fixture(scope="module", autouse=True)
def forget_compilations():
    """Frees what modules compiled where it is much: JAX keeps it for ever, and the next modules use some of it."""
    yield
    if held() < ENOUGH:
        return
    jax.clear_caches()
    gc.collect()
    if LIBC is not None:
        LIBC.malloc_trim(0)  # half of what was freed stays with the allocator otherwise


@pytest.fixture
def jax_settings(monkeypatch):
    """JAX without a compilation cache, as nobody has set it; the settings of the tests come back afterwards."""
    for name in ("ACTSEARCH_CACHE", "JAX_COMPILATION_CACHE_DIR", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"):
        monkeypatch.delenv(name, raising=False)
    names = ("jax_compilation_cache_dir", "jax_persistent_cache_min_compile_time_secs", "jax_enable_compilation_cache")
    kept = {name: getattr(jax.config, name) for name in names}
    jax.config.update("jax_compilation_cache_dir", None)
    yield
    for name, value in kept.items():
        jax.config.update(name, value)
    jax_cache.reset_cache()

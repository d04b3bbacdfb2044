"""Settings of every test: four CPU devices, JAX at its strictest, and the same random examples in every run."""

import hypothesis
import jax

# Before anything touches a device: afterwards the number of devices can no longer change.
jax.config.update("jax_num_cpu_devices", 4)
# Parameters of a channel are broadcast on purpose or not at all.
jax.config.update("jax_numpy_rank_promotion", "raise")

# Compilation makes the first example of a test slow, so deadlines would fail at random.
hypothesis.settings.register_profile("actsearch", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("actsearch")

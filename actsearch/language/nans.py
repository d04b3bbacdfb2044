"""Where values may be NaN or infinite on purpose, whatever the user's settings for debugging say."""

import contextlib
from collections.abc import Iterator

import jax


@contextlib.contextmanager
def nans_allowed() -> Iterator[None]:
    """Switches `jax_debug_nans` and `jax_debug_infs` off within a block.

    A candidate that is not finite is data. Whoever debugs the rest of a program with these settings should not be
    stopped by one. They are a thread's own, so that other threads keep theirs.

    Example:
      >>> import jax.numpy as jnp
      >>> with jax.debug_nans(True), nans_allowed():
      ...     float(jnp.log(-1.0))
      nan
    """
    with jax.debug_nans(False), jax.debug_infs(False):
        yield

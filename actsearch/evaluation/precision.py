"""Precision: a network in bfloat16 around weights and statistics that stay float32."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx


def lower(parameters: Any, dtype: str) -> Any:
    """Returns parameters with those of float32 in another dtype; gradients through it are float32 again."""
    return jax.tree.map(lambda leaf: leaf.astype(dtype) if leaf.dtype == jnp.float32 else leaf, parameters)


def keep_input_dtype(network: nnx.Module) -> None:
    """Lets a network's BatchNorms return the dtype of their input.

    By themselves they promote it with their float32 averages, and all that follows would be float32.
    """
    for _, module in nnx.iter_graph(network):
        if isinstance(module, nnx.BatchNorm):
            module.promote_dtype = _unpromoted


def _unpromoted(arguments: Any, **_: Any) -> Any:
    """Returns them as they are: BatchNorm computes in float32 whatever its input is, and rounds last."""
    return arguments

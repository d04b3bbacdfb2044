"""The axis "data" of the mesh: what a training does where several devices share each of its batches."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from actsearch.nn import Layer


def mean_over(axis_name: str | None, tree: Any) -> Any:
    """Returns a pytree with the mean of its floating-point arrays over a mapped axis; as it is where there is none."""
    if axis_name is None:
        return tree
    return jax.tree.map(lambda leaf: _mean(axis_name, leaf) if jnp.issubdtype(leaf.dtype, jnp.inexact) else leaf, tree)


def _mean(axis_name: str, leaf: jax.Array) -> jax.Array:
    return jax.lax.pmean(leaf, axis_name)  # type: ignore[no-untyped-call, no-any-return]


def synchronize(network: nnx.Module, axis_name: str) -> None:
    """Lets a network's statistics over the batch, `Layer`'s and BatchNorm's, be means over a mapped axis."""
    for _, module in nnx.iter_graph(network):
        if isinstance(module, Layer):
            module.settings = module.settings._replace(axis_name=axis_name)
        elif isinstance(module, nnx.BatchNorm):
            module.axis_name = axis_name


def own_stream(axis_name: str | None, key: jax.Array) -> jax.Array:
    """Returns a key for each member of a mapped axis; the key itself where there is none."""
    return key if axis_name is None else jax.random.fold_in(key, jax.lax.axis_index(axis_name))

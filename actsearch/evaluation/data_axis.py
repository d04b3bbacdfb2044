"""The axis "data" of the mesh: what a training does where several devices share each of its batches."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from actsearch.language import ActsearchError
from actsearch.nn import Layer


def mean_over(axis_name: str | None, tree: Any) -> Any:
    """Returns a pytree with the mean of its floating-point arrays over a mapped axis; as it is where there is none."""
    if axis_name is None:
        return tree
    return jax.tree.map(lambda leaf: _mean(axis_name, leaf) if jnp.issubdtype(leaf.dtype, jnp.inexact) else leaf, tree)


def _mean(axis_name: str, leaf: jax.Array) -> jax.Array:
    return jax.lax.pmean(leaf, axis_name)  # type: ignore[no-untyped-call, no-any-return]


def synchronize(network: nnx.Module, axis_name: str) -> None:
    """Lets a network's statistics over the batch, `Layer`'s and BatchNorm's, be means over a mapped axis.

    Raises:
      ActsearchError: a network that holds other statistics, such as those of a Linen module.
    """
    modules = [node for _, node in nnx.iter_graph(network) if isinstance(node, Layer | nnx.BatchNorm)]
    for module in modules:
        if isinstance(module, Layer):
            module.settings = module.settings._replace(axis_name=axis_name)
        else:
            module.axis_name = axis_name
    reached = {id(node) for module in modules for node in _statistics(module)}
    if any(id(node) not in reached for node in _statistics(network)):
        raise ActsearchError(
            "The network holds statistics over the batch that are neither Layer's nor those of NNX's BatchNorm, and so "
            "cannot be synchronised over devices: write DataParallel(..., synchronized=False)."
        )


def _statistics(module: nnx.Module) -> list[Any]:
    return [node for _, node in nnx.iter_graph(module) if isinstance(node, nnx.BatchStat)]


def own_stream(axis_name: str | None, key: jax.Array) -> jax.Array:
    """Returns a key for each member of a mapped axis; the key itself where there is none."""
    return key if axis_name is None else jax.random.fold_in(key, jax.lax.axis_index(axis_name))

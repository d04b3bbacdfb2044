"""Digest of a task: one name cannot mean two things in one archive. The same in every process, whatever its hash seed.

It covers the data's bytes (where they come in batches, what tells one edition from another), the shapes of the
network's weights, the fields of the task, and the user's own code that these lead to: methods, class attributes,
defaults, and the functions, classes and constants that they read, the network class among them. Code of libraries
counts by its name; `actsearch.language.code` says what is followed.
"""

import hashlib
from typing import TYPE_CHECKING

import jax
from flax import nnx

from actsearch.language import parse
from actsearch.language.code import describe, update_with_array
from actsearch.nn import Layer

if TYPE_CHECKING:
    from actsearch.tasks.base import Task


def digest(task: "Task") -> str:
    """Returns 32 hexadecimal digits that change with the data, the network, a field or the user's own code."""
    hasher = hashlib.blake2b(digest_size=16)
    for path, leaf in jax.tree.leaves_with_path(task.signature()):
        update_with_array(hasher, jax.tree_util.keystr(path), leaf)
    text = describe(task), _weights(task)
    hasher.update(repr(text).encode())
    return hasher.hexdigest()


def _weights(task: "Task") -> list[str]:
    """Returns path, shape and dtype of each of the network's weights, with an identity layer at every site."""
    network = nnx.eval_shape(lambda: task.init(lambda features: Layer(parse("x"), features), jax.random.key(0)))
    leaves = jax.tree.leaves_with_path(nnx.state(network, nnx.Param))
    return [f"{jax.tree_util.keystr(path)} {leaf.dtype}{leaf.shape}" for path, leaf in leaves]

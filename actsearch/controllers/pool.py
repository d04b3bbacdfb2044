"""The candidates of the surrogate: what a space holds, where a search starts, and from what each batch is chosen."""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from actsearch.controllers.base import Bools, Choices, Floats, Ints, choice_table
from actsearch.engine.embedding import embed, embedded_values
from actsearch.language import parse
from actsearch.spaces import Genotype, Space
from actsearch.spaces.template import Template
from actsearch.trials.scores import fingerprint_key

ENUMERABLE = 10_000
"""Spaces up to this size are enumerated; each batch draws its pool from a random half of them."""

KNOWN = ("relu(x)", "silu(x)", "tanh(x)", "elu(x)", "gelu(x)", "softplus(x)", "sigmoid(x)", "x + relu(x)")
"""A search starts from the members of the space that are nearest to these."""

KNOWN_LAYERS = (
    "relu((x - batch_mean(x)) / batch_std(x))",
    "relu((x - group_mean(x)) / group_std(x))",
    "(x - layer_mean(x)) / layer_std(x)",
    "(x - instance_mean(x)) / instance_std(x)",
    "x / layer_rms(x)",
    "x / max(batch_std(x), x + instance_std(x))",
    "x * sigmoid(x) / group_std(x)",
    "tanh(0.5 * x)",
)
"""The same for spaces of layers."""

KNOWN_GATES = (
    "x * y",
    "sigmoid(x) * y",
    "relu(x) * y",
    "gelu(x) * y",
    "silu(x) * y",
    "silu(y) * x",
    "x + y",
    "max(x, y)",
)
"""The same for spaces of gates."""

REFERENCE = 2_000
"""Programs of the sample that stands for a space that is too large to enumerate."""

DIMENSIONS = 48
"""Principal components of the embedding that the model sees."""

PARENTS = 10
"""The best programs so far, of which a pool holds mutations."""


class Candidates(NamedTuple):
    """Functions to choose from.

    Attributes:
      choices: int32 [n, decisions].
      keys: `fingerprint_key` of their fingerprints, int64 [n].
      points: places in the model's space, float32 [n, dimensions].
    """

    choices: Choices
    keys: Ints
    points: NDArray[np.float32]

    def take(self, rows: Ints) -> "Candidates":
        """Returns some of them."""
        return Candidates(self.choices[rows], self.keys[rows], self.points[rows])


class SpaceMap(NamedTuple):
    """What is known of a space before the search.

    Attributes:
      candidates: distinct finite functions, of all programs or of the sample.
      mean: of their embeddings, float32 [embedding].
      axes: principal components, float32 [embedding, dimensions].
      starts: rows of `candidates` that are nearest to the known functions.
    """

    candidates: Candidates
    mean: NDArray[np.float32]
    axes: NDArray[np.float32]
    starts: list[int]

    def describe(self, space: Space, choices: Choices) -> tuple[Candidates, Bools]:
        """Returns programs as candidates, equal ones included, and which of them are finite."""
        embedding = embed(space.template, choices)
        points = (embedding.values - self.mean) @ self.axes
        return Candidates(choices, _keys(embedding.fingerprints), points), embedding.finite


@functools.lru_cache(maxsize=8)
def space_map(space: Space) -> SpaceMap:
    """Returns the map of a space; it is a function of the space alone, the cache only saves time."""
    rng = np.random.default_rng(0)
    genotypes = (
        list(space.enumerate()) if space.count() <= ENUMERABLE else [space.sample(rng) for _ in range(REFERENCE)]
    )
    choices = choice_table(space, [genotype.choices for genotype in genotypes])
    embedding = embed(space.template, choices)
    keys = _keys(embedding.fingerprints)
    rows = _first_of_each(keys, embedding.finite)
    values = embedding.values[rows]
    mean = values.mean(axis=0)
    axes = np.linalg.svd(values - mean, full_matrices=False)[2][:DIMENSIONS].T
    candidates = Candidates(choices[rows], keys[rows], (values - mean) @ axes)
    return SpaceMap(candidates, mean, axes, _nearest_to_known(space, values))


def open_candidates(
    space: Space, taken: set[int], best: Sequence[Genotype], size: int, n: int, rng: np.random.Generator
) -> Candidates:
    """Returns the pool of one batch: distinct finite functions, none of which was tried.

    Args:
      space: where they come from.
      taken: keys of the functions that were tried.
      best: the best programs so far, of which a half of the pool are mutations where the space is not enumerated.
      size: of the pool where the space is not enumerated.
      n: proposals of the batch; an enumerated pool has as many at least, while there are any.
      rng: source of randomness.
    """
    chart = space_map(space)
    if space.count() <= ENUMERABLE:
        rows = np.flatnonzero([key not in taken for key in chart.candidates.keys.tolist()])
        return chart.candidates.take(np.sort(rng.permutation(rows)[: max(n, -(-len(rows) // 2))]))
    genotypes = [space.sample(rng) for _ in range(size - size // 2 if best else size)]
    genotypes += [_mutant(space, best[i % len(best)], rng) for i in range(size - len(genotypes))]
    pool, finite = chart.describe(space, choice_table(space, [genotype.choices for genotype in genotypes]))
    return pool.take(_first_of_each(pool.keys, finite & np.array([key not in taken for key in pool.keys.tolist()])))


def _mutant(space: Space, genotype: Genotype, rng: np.random.Generator) -> Genotype:
    """Returns a genotype mutated one to three times."""
    for _ in range(1 + int(rng.integers(3))):
        genotype = space.mutate(genotype, rng)
    return genotype


def _keys(fingerprints: NDArray[np.str_]) -> Ints:
    return np.array([fingerprint_key(fingerprint) for fingerprint in fingerprints.tolist()], np.int64)


def _first_of_each(keys: Ints, allowed: Bools) -> Ints:
    """Returns the places where an allowed key occurs for the first time, in order."""
    places = np.flatnonzero(allowed)
    return np.sort(places[np.unique(keys[places], return_index=True)[1]])


def _nearest_to_known(space: Space, values: NDArray[np.float32]) -> list[int]:
    """Returns the rows of embeddings nearest to the known functions, no two of them alike."""
    texts = {"activation": KNOWN, "layer": KNOWN_LAYERS, "gate": KNOWN_GATES}[space.kind]
    bank = Template.bank([parse(text, inputs=space.template.inputs) for text in texts])
    known = embedded_values(bank, np.arange(len(texts))[:, None])
    columns = known.shape[1]  # known functions have no parameters, which come last
    rows: list[int] = []
    for function in known:
        distances: Floats = np.square(values[:, :columns] - function).sum(axis=1)
        for row in rows:  # mirror images are different functions at one place
            distances[np.square(values - values[row]).sum(axis=1) < 1e-6] = np.inf
        if np.isfinite(distances).any():
            rows.append(int(np.argmin(distances)))
    return rows

"""Models of scores for the surrogate: each predicts mean and deviation at candidates from points with known values."""

from collections.abc import Callable
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]

LENGTH = 0.4
"""Length scale of the kernel, in the units of `actsearch.engine.embedding`."""

NOISE = 0.1
"""Variance of the noise of a score, of values of unit variance."""


class Posterior(NamedTuple):
    """What a model believes of candidates.

    Attributes:
      mean: [candidates].
      deviation: above 0, [candidates].
      best: the largest mean at a known point.
      noise: variance of a further observation.
      joint: rows -> covariance [rows, rows].
    """

    mean: Array
    deviation: Array
    best: float
    noise: float
    joint: Callable[[Array], Array]
    covariance: Array = np.zeros((0, 0))

    def at(self, rows: Array) -> "Posterior":
        """Returns the belief on some candidates, with their covariance."""
        return self._replace(mean=self.mean[rows], deviation=self.deviation[rows], covariance=self.joint(rows))


def matern(a: Array, b: Array) -> Array:
    """Returns the Matern kernel of smoothness 5/2, [a, b], of points [a, dimensions] and [b, dimensions].

    k(r) = (1 + s + s^2 / 3) exp(-s), s = sqrt(5) r / LENGTH.
    """
    squares = np.square(a).sum(axis=1)[:, None] + np.square(b).sum(axis=1) - 2 * (a @ b.T)
    s = np.sqrt(np.maximum(squares, 0) * (5 / LENGTH**2))
    kernel: Array = (1 + s + s * s / 3) * np.exp(-s)
    return kernel


def gaussian_process(points: Array, values: Array, candidates: Array, rng: np.random.Generator) -> Posterior:
    """Returns the posterior of a Gaussian process of zero mean and unit variance with a fixed kernel.

    It is scikit-learn's GaussianProcessRegressor with `optimizer=None`, in float32 for the candidates and with the
    covariance of a shortlist at hand, at a third of the time.
    """
    from scipy.linalg import solve_triangular

    root = np.linalg.cholesky(matern(points, points).astype(np.float64) + NOISE * np.eye(len(points)))
    white = solve_triangular(root, values, lower=True)
    cross = solve_triangular(root.astype(np.float32), matern(points, candidates), lower=True, check_finite=False)
    known = values - NOISE * solve_triangular(root.T, white)
    mean = white.astype(np.float32) @ cross
    deviation = np.sqrt(np.maximum(1 - np.square(cross).sum(axis=0), 1e-6))

    def joint(rows: Array) -> Array:
        some = candidates[rows].astype(np.float64)
        half = solve_triangular(root, matern(points.astype(np.float64), some), lower=True)
        covariance: Array = matern(some, some) - half.T @ half
        return covariance

    return Posterior(mean, deviation, float(known.max()), NOISE, joint)


def nearest_neighbours(points: Array, values: Array, candidates: Array, rng: np.random.Generator) -> Posterior:
    """Returns the mean of the 3 nearest known points, weighted by 1 / distance; unsure where they are far or differ."""
    from sklearn.neighbors import KNeighborsRegressor

    model = KNeighborsRegressor(min(3, len(points)), weights="distance").fit(points, values)
    distances, neighbours = model.kneighbors(candidates)
    weights = 1 / np.maximum(distances, 1e-9)
    weights /= weights.sum(axis=1, keepdims=True)
    mean = (weights * values[neighbours]).sum(axis=1)
    spread = (weights * np.square(values[neighbours] - mean[:, None])).sum(axis=1)
    far = 1 - np.exp(-np.square(distances[:, 0] / LENGTH))
    return _without_covariance(mean, np.sqrt(spread + far), model.predict(points).max(), candidates)


def random_forest(points: Array, values: Array, candidates: Array, rng: np.random.Generator) -> Posterior:
    """Returns mean and deviation over the trees of a random forest."""
    from sklearn.ensemble import RandomForestRegressor

    model = RandomForestRegressor(64, min_samples_leaf=2, max_features=0.5, random_state=int(rng.integers(2**31)))
    model.fit(points, values)
    trees = np.stack([tree.predict(candidates.astype(np.float32)) for tree in model.estimators_])
    return _without_covariance(trees.mean(axis=0), trees.std(axis=0), model.predict(points).max(), candidates)


def _without_covariance(mean: Array, deviation: Array, best: float, candidates: Array) -> Posterior:
    """Returns a posterior of models that know no covariance: it is the kernel's, scaled."""
    deviation = np.maximum(deviation, 1e-3)

    def joint(rows: Array) -> Array:
        some = candidates[rows].astype(np.float64)
        covariance: Array = matern(some, some) * np.outer(deviation[rows], deviation[rows])
        return covariance

    return Posterior(mean, deviation, float(best), NOISE, joint)


Model: TypeAlias = Callable[[Array, Array, Array, np.random.Generator], Posterior]

MODELS = MappingProxyType({"gp": gaussian_process, "knn": nearest_neighbours, "forest": random_forest})
"""Name -> (known points, their values, candidates, random generator) -> Posterior."""

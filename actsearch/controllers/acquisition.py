"""Which candidates a model of the scores proposes: the merit of one, and a batch chosen one after another."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from actsearch.controllers.base import Floats, Ints
from actsearch.controllers.regressors import Posterior

Acquisition = Literal["ei", "ucb", "thompson"]


def standardise(scores: Floats) -> Floats:
    """Returns scores at zero mean and unit variance, their log odds where all lie in [0, 1]; equal ones give zeros."""
    values = scores
    if scores.min() >= 0 and scores.max() <= 1:
        clipped = np.clip(scores, 0.01, 0.99)
        values = np.log(clipped / (1 - clipped))
    standardised: Floats = (values - values.mean()) / max(float(values.std()), 1e-9)
    return standardised


def merit(acquisition: Acquisition, posterior: Posterior) -> NDArray[Any]:
    """Returns what is to be large, [candidates]; Thompson sampling draws from those with a large upper bound."""
    return expected_improvement(posterior) if acquisition == "ei" else posterior.mean + posterior.deviation


def expected_improvement(posterior: Posterior) -> NDArray[Any]:
    """Returns E[max(f - f*, 0)] of each candidate.

    f* is the best prediction at a known program, which the Gaussian process shrinks where that was lucky.
    """
    from scipy.special import ndtr

    u = (posterior.mean - posterior.best) / posterior.deviation
    improvement: NDArray[Any] = posterior.deviation * (u * ndtr(u) + np.exp(-np.square(u) / 2) / np.sqrt(2 * np.pi))
    return improvement


def shortlist(acquisition: Acquisition, posterior: Posterior, size: int) -> Ints:
    """Returns the rows of the largest merit, at most `size`, the largest first."""
    return np.argsort(-merit(acquisition, posterior), kind="stable")[:size]


def choose_batch(acquisition: Acquisition, posterior: Posterior, n: int, rng: np.random.Generator) -> list[int]:
    """Returns n rows of a posterior with its covariance, one after another.

    Each choice lowers the uncertainty around it as if it had been scored at its mean.
    """
    covariance = posterior.covariance
    free, chosen = np.ones(len(covariance), bool), list[int]()
    draws = thompson_draws(posterior, n, rng) if acquisition == "thompson" else None
    for i in range(n):
        deviation = np.sqrt(np.maximum(np.diag(covariance), 1e-12))
        values = merit(acquisition, posterior._replace(deviation=deviation)) if draws is None else draws[i]
        row = int(np.argmax(np.where(free, values, -np.inf)))
        free[row] = False
        chosen.append(row)
        column = covariance[:, row]
        covariance = covariance - np.outer(column, column) / (column[row] + posterior.noise)
    return chosen


def thompson_draws(posterior: Posterior, n: int, rng: np.random.Generator) -> NDArray[Any]:
    """Returns n draws of a posterior with its covariance, [n, candidates]."""
    root = np.linalg.cholesky(posterior.covariance + 1e-6 * np.eye(len(posterior.covariance)))
    draws: NDArray[Any] = posterior.mean + rng.standard_normal((n, len(posterior.covariance))) @ root.T
    return draws

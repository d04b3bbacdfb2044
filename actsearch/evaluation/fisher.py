"""Spectrum of the Fisher information of a task's network at initialisation: how a candidate shapes what is learnt."""

import functools
import hashlib
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from actsearch.engine import interpret
from actsearch.evaluation.one_training import TrainState, count, init_state, merge_network, split_network
from actsearch.language import ActsearchError
from actsearch.nn import Layer
from actsearch.spaces.template import Template
from actsearch.tasks import Classification, Split, Task

_LIMIT = 12.0
_ROUNDING = 1e-7


class FisherSpectrum:
    """Eigenvalues of the empirical Fisher matrix of a task's network at its start, with a candidate at every site.

    The matrix is F = 1/n sum_i g_i g_i^T, with g_i the gradient of the i-th example's cross entropy, by all parameters,
    the candidate's own included. It is never made: its nonzero eigenvalues are those of the Gram matrix
    K_ij = g_i . g_j / n, which is n x n.

    Args:
      task: network, data and loss; a classification.
      template: of the space that candidates come from.
      seed: of the network's initial weights.
      examples: n, the first ones of the training part with their own labels; at least 2.

    Raises:
      ActsearchError: a task that is no classification, fewer than 2 examples, or more than there are.

    Source: Bingham and Miikkulainen 2023 (arXiv 2301.05785), who compare activations by the distribution of the
    eigenvalues of the Fisher information matrix at initialisation. Different here: the empirical Fisher with the true
    labels on a small batch, exact there, instead of an estimate with sampled labels layer by layer; a network with
    BatchNorm normalises by this batch.

    Example:
      >>> from actsearch.spaces import swish
      >>> from actsearch.tasks import get_task
      >>> spectrum = FisherSpectrum(get_task("digits-mlp"), swish().template, examples=4)
      >>> spectrum([(0, 18, 1), (18, 18, 4)]).shape
      (2, 4)
    """

    def __init__(self, task: Task, template: Template, seed: int = 0, examples: int = 16):
        if not isinstance(task, Classification):
            raise ActsearchError(
                f"The Fisher spectrum is that of a classification's cross entropy; {task.name} is none."
            )
        available = count(task.data().train)
        if not 2 <= examples <= available:
            raise ActsearchError(f"examples must be from 2 to {available}, the training part; received {examples}.")
        batch = jax.tree.map(lambda rows: jnp.asarray(rows[:examples]), task.data().train)
        self._decisions, self._examples = len(template.decisions), examples
        template_digest = hashlib.blake2b(template.content.encode(), digest_size=8).hexdigest()
        self._text = f"{task.name} {task.digest}, template {template_digest}, seed={seed}, examples={examples}"
        self._compiled = jax.jit(functools.partial(_spectra, task, template, init_state(task, seed), batch))

    def __repr__(self) -> str:
        return f"FisherSpectrum({self._text})"

    def __call__(self, choices: Sequence[Sequence[int]] | np.ndarray) -> np.ndarray:
        """Returns log10 of the eigenvalues, smallest first, float32 [candidates, examples], between -12 and 12.

        Those below 1e-7 of the largest gradient's are rounding and count as that. A candidate whose gradients are not
        finite has 12 throughout, one without gradients -12; so no row holds NaN. A candidate's row does not
        depend on the others.

        Args:
          choices: legal choice vectors, integers [candidates, decisions].
        """
        table = np.asarray(choices, np.int32).reshape(-1, self._decisions)
        rows = [np.asarray(self._compiled(row)) for row in table]
        return np.stack(rows) if rows else np.zeros((0, self._examples), np.float32)


def _spectra(
    task: Classification, template: Template, state: TrainState, batch: Split, choices: jax.Array
) -> jax.Array:
    """Returns the log spectrum of one choice vector."""
    candidate = interpret(template, choices)

    def layer(features: int) -> Layer:
        return Layer(candidate, features, groups=task.groups)

    graph, parameters, rest = split_network(task, layer, state)

    def logits(parameters: Any) -> jax.Array:
        network = merge_network(task, graph, parameters, rest)
        network.train()
        return task.logits(network, batch.inputs)

    values, pull = jax.vjp(logits, parameters)
    errors = jax.nn.softmax(values) - jax.nn.one_hot(batch.labels, values.shape[-1])

    def gradient(example: jax.Array) -> jax.Array:
        (slopes,) = pull(jnp.zeros_like(values).at[example].set(errors[example]))
        return ravel_pytree(slopes)[0]

    gradients = jax.lax.map(gradient, jnp.arange(len(values)))
    gram = gradients @ gradients.T / len(values)
    scale = jnp.max(jnp.diag(gram))  # eigenvalues of a large matrix overflow on the way
    finite = jnp.isfinite(gram).all() & (scale > 0)
    eigenvalues = jnp.linalg.eigvalsh(jnp.where(finite, gram / scale, jnp.eye(len(values))))
    logs = jnp.log10(jnp.maximum(eigenvalues, _ROUNDING)) + jnp.log10(scale)
    least = jnp.where(scale == 0, -_LIMIT, _LIMIT)  # no gradient at all, or one that is not finite
    return jnp.where(finite & jnp.isfinite(logs).all(), jnp.clip(logs, -_LIMIT, _LIMIT), least)

"""A trained network seen from inside: what a candidate's outputs are like at each of its sites.

`actsearch card --task` prints it.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from actsearch.evaluation.one_training import count, take
from actsearch.evaluation.perturbation import fgsm, int8
from actsearch.evaluation.precision import lower
from actsearch.evaluation.sharpness import sharpness
from actsearch.evaluation.stable_rate import largest_stable_rate
from actsearch.evaluation.trainer import Trainer
from actsearch.language import ActsearchError, Program
from actsearch.nn import Layer, LayerFactory, sites
from actsearch.tasks import Classification, Data, Examples, Task
from actsearch.tasks.recipe import Precision

EXAMPLES = 256
"""Of the validation part, the first ones."""


class SiteStatistics(NamedTuple):
    """The outputs of a candidate at one site, of all examples and positions, in evaluation.

    Attributes:
      site: its name.
      nonzero: share of outputs that are not 0.
      dead: share of features whose output is the same for every example and position, so that none tells them apart.
      effective_rank: exp of the entropy of the eigenvalues of the features' covariance, over the number of features;
        Roy and Vetterli 2007, 'The effective rank'.
      outlier: largest magnitude over the median one; infinite where the median is 0.
      scale: root mean square.
    """

    site: str
    nonzero: float
    dead: float
    effective_rank: float
    outlier: float
    scale: float


class TrainedNetwork(NamedTuple):
    """What one training led to.

    Attributes:
      metrics: the task's own, on the validation part.
      sites: in the order of the data flow.
      sharpness: largest eigenvalue of the Hessian of the loss of the first 256 training examples, in evaluation; see
        `actsearch.evaluation.sharpness.sharpness`.
      int8: the task's metrics after rounding to eight bits, per tensor, of every parameter and of the output of every
        site, whose scale is that of the batch; arithmetic between them stays in float32.
      fgsm: the task's metrics after one step of 0.1 standard deviations of the inputs against the loss; None where
        the inputs are no numbers of a classification.
      stable_rate: the largest factor on the task's learning rate at which training is stable; see
        `actsearch.evaluation.stable_rate.largest_stable_rate`.
    """

    metrics: Mapping[str, float]
    sites: tuple[SiteStatistics, ...]
    sharpness: float
    int8: Mapping[str, float]
    fgsm: Mapping[str, float] | None
    stable_rate: float


def look_inside(task: Task, program: Program, seed: int = 0) -> TrainedNetwork:
    """Trains a program on a task once and returns what the network is like inside.

    Args:
      task: of the program's kind.
      program: the candidate.
      seed: fixes initial weights and batches.

    Raises:
      ActsearchError: a task of another kind.

    Example:
      >>> from actsearch.language import parse
      >>> from actsearch.tasks import get_task
      >>> network = look_inside(get_task("digits-mlp").at_fidelity(0.01), parse("relu(x)"))
      >>> [one.site for one in network.sites], sorted(network.metrics)
      (['layer1', 'layer2'], ['accuracy', 'loss'])
      >>> all(0 < one.nonzero < 1 and 0 < one.effective_rank < 1 for one in network.sites)
      True
    """
    if task.kind != program.kind and not (task.kind == "layer" and program.kind == "activation"):
        raise ActsearchError(
            f"{program} is a {program.kind}; the task {task.name} has sites of another kind, {task.kind}: choose "
            "another task."
        )
    watched = _Watched(
        name=task.name, steps=task.steps, batch_size=task.batch_size, kind=task.kind, groups=task.groups, task=task
    )
    trainer = Trainer.specialized(watched, program, devices=jax.devices()[:1])
    (outcome,) = trainer(trainer.jobs([()], seeds=[seed]))
    found = dict(outcome.metrics)
    steepest = found.pop("sharpness")
    changed = {prefix: _taken(found, f"{prefix} ") for prefix in ("int8", "fgsm")}
    names = [site.name for site in sites(lambda layer: task.init(layer, jax.random.key(0)))]
    rows = [[found.pop(f"{name} {column}") for column in SiteStatistics._fields[1:]] for name in names]
    return TrainedNetwork(
        found,
        tuple(map(SiteStatistics, names, *zip(*rows, strict=True))),
        steepest,
        changed["int8"],
        changed["fgsm"] or None,
        largest_stable_rate(task, program, seed),
    )


def _taken(found: dict[str, float], prefix: str) -> dict[str, float]:
    """Takes the entries whose names have a prefix, and returns them without it."""
    return {name.removeprefix(prefix): found.pop(name) for name in list(found) if name.startswith(prefix)}


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Watched(Task):
    """A task whose metrics also say what its trained network is like inside."""

    task: Task

    def data(self) -> Data:
        return self.task.data()

    @property
    def dtype(self) -> Precision:
        return self.task.dtype

    def init(self, layer: LayerFactory, key: jax.Array) -> nnx.Module:
        return self.task.init(layer, key)

    def optimizer(self, rate_scale: jax.Array | float = 1.0) -> optax.GradientTransformation:
        return self.task.optimizer(rate_scale)

    def loss(self, network: Any, batch: Examples, key: jax.Array | None = None) -> jax.Array:
        return self.task.loss(network, batch, key)

    def score(self, metrics: Mapping[str, float]) -> float:
        return self.task.score(metrics)

    def batches(self, key: jax.Array, examples: int) -> jax.Array:
        return self.task.batches(key, examples)

    def metrics(self, network: Any, examples: Examples) -> dict[str, jax.Array]:
        names = {site.path: site.name for site in sites(lambda layer: self.task.init(layer, jax.random.key(0)))}
        found = dict(self.task.metrics(network, examples)) | {"sharpness": self._sharpness(network)}
        found |= {f"int8 {name}": value for name, value in self._quantized(network, examples, names).items()}
        if isinstance(self.task, Classification):
            found |= {f"fgsm {name}": value for name, value in self._attacked(network, examples).items()}
        batch = take(examples, jnp.arange(min(EXAMPLES, count(examples))))
        # The last, for it leaves watched functions in the network.
        for name, outputs in _outputs(self.task, network, batch, names).items():
            found |= {f"{name} {column}": value for column, value in _statistics(outputs).items()}
        return found

    def _sharpness(self, network: Any) -> jax.Array:
        train = self.task.data().train
        batch = jax.tree.map(jnp.asarray, take(train, np.arange(min(EXAMPLES, count(train)))))
        graph, parameters, *rest = nnx.split(network, nnx.Param, ...)

        def loss(own: Any) -> jax.Array:
            return self.task.loss(nnx.merge(graph, lower(own, self.dtype), *rest, copy=True), batch)

        return sharpness(loss, jax.tree.map(lambda leaf: leaf.astype(jnp.float32), parameters))

    def _quantized(self, network: Any, examples: Examples, names: Mapping[Any, str]) -> dict[str, jax.Array]:
        graph, parameters, *rest = nnx.split(network, nnx.Param, ...)
        rounded = nnx.merge(graph, jax.tree.map(int8, parameters), *rest, copy=True)
        _replace_functions(rounded, names, lambda function, _: _rounded(function))
        return self.task.metrics(rounded, examples)

    def _attacked(self, network: Any, examples: Any) -> dict[str, jax.Array]:
        """Returns the metrics of moved examples; gradients are taken batch after batch, for memory of one batch."""

        def of_batch(network: Any, batch: Any) -> jax.Array:
            graph, state = nnx.split(network)

            def loss(inputs: jax.Array) -> jax.Array:
                return self.task.loss(nnx.merge(graph, state, copy=True), batch._replace(inputs=inputs))

            slope: jax.Array = jax.grad(loss)(batch.inputs)
            return slope

        def gradient(inputs: jax.Array) -> jax.Array:
            return self.task.in_batches(of_batch, network, examples._replace(inputs=inputs))

        return self.task.metrics(network, examples._replace(inputs=fgsm(gradient, examples.inputs)))


def _outputs(task: Task, network: Any, batch: Examples, names: Mapping[Any, str]) -> dict[str, jax.Array]:
    """Returns the output of the candidate at each site on a batch, by the site's name."""
    outputs: dict[str, jax.Array] = {}
    _replace_functions(network, names, lambda function, name: _watched(function, name, outputs))
    task.loss(network, batch)
    return outputs


def _replace_functions(network: Any, names: Mapping[Any, str], change: Callable[[Any, str], Any]) -> None:
    """Puts another function, made from its own and its name, into the layer at each site."""
    for path, layer in nnx.iter_graph(network):
        if path in names and isinstance(layer, Layer):
            layer.function = change(layer.function, names[path])


def _rounded(function: Callable[..., Any]) -> Callable[..., Any]:
    def rounded(*arguments: Any, **options: Any) -> Any:
        value, moments = function(*arguments, **options)
        return int8(value), moments

    return rounded


def _watched(function: Callable[..., Any], name: str, outputs: dict[str, jax.Array]) -> Callable[..., Any]:
    def watched(*arguments: Any, **options: Any) -> Any:
        value, moments = function(*arguments, **options)
        outputs[name] = value
        return value, moments

    return watched


def _statistics(outputs: jax.Array) -> dict[str, jax.Array]:
    """Returns the columns of SiteStatistics, of outputs [..., features]."""
    rows = outputs.reshape(-1, outputs.shape[-1]).astype(jnp.float32)
    size = jnp.abs(rows)
    centred = rows - rows.mean(axis=0, keepdims=True)
    eigenvalues = jnp.maximum(jnp.linalg.eigvalsh(centred.T @ centred / len(rows)), 0)
    shares = eigenvalues / jnp.maximum(eigenvalues.sum(), 1e-30)
    entropy = -jnp.sum(jnp.where(shares > 0, shares * jnp.log(jnp.where(shares > 0, shares, 1)), 0))
    values = (
        jnp.mean(rows != 0),
        jnp.mean(jnp.ptp(rows, axis=0) == 0),
        jnp.exp(entropy) / rows.shape[1],
        size.max() / jnp.median(size),
        jnp.sqrt(jnp.mean(rows**2)),
    )
    return dict(zip(SiteStatistics._fields[1:], values, strict=True))

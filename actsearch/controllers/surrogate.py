"""Surrogate search: a model predicts scores from what functions do, after Bingham and Miikkulainen (2023)."""

import functools
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, get_args

import numpy as np

from actsearch.controllers.base import Controller, Proposal, at_least, require_choice, rng_from, rng_state
from actsearch.controllers.regressors import MODELS, Posterior
from actsearch.engine.embedding import embed
from actsearch.language import parse
from actsearch.spaces import Space
from actsearch.spaces.template import Template

Model = Literal["gp", "knn", "forest"]
Acquisition = Literal["ei", "ucb", "thompson"]
Spectrum = Callable[[Sequence[Sequence[int]]], np.ndarray]

ENUMERABLE = 10_000
"""Of spaces of at most so many programs every distinct finite function is known, and the pool is a half of them."""

KNOWN = ("relu(x)", "silu(x)", "tanh(x)", "elu(x)", "gelu(x)", "softplus(x)", "sigmoid(x)", "x + relu(x)")
"""The search starts from the members of the space that are nearest to these."""

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

_REFERENCE = 2_000
_DIMENSIONS = 48
_SHORTLIST = 256
_PARENTS = 10
_REMEMBERED = 20_000


class Candidates(NamedTuple):
    """Distinct finite functions: choices, fingerprints, and places in the model's space float32 [n, dimensions]."""

    choices: list[tuple[int, ...]]
    identities: np.ndarray
    points: np.ndarray

    def take(self, rows: np.ndarray) -> "Candidates":
        """Returns some of them."""
        return Candidates([self.choices[i] for i in rows], self.identities[rows], self.points[rows])


class _Map(NamedTuple):
    """What is known of a space before the search: its candidates, the projection of features, and where to start."""

    candidates: Candidates
    project: Callable[[np.ndarray], np.ndarray]
    starts: list[int]


def surrogate(
    space: Space,
    *,
    model: Model = "gp",
    acquisition: Acquisition = "ucb",
    pool: int = 1000,
    memory: int = 500,
    fisher: bool = False,
    spectrum: Spectrum | None = None,
) -> Controller:
    """Returns the controller that proposes what a model of the scores expects most of.

    It starts from the members of the space that are nearest to eight well-known functions; of a space that is too large
    to enumerate, from those of a sample. Then, for each batch, the model is fitted to the mean score of each program so
    far, 0 where a gate rejected it, as log(s / (1 - s)) brought to zero mean and unit variance, and proposes from a
    pool of functions that it has not proposed before: with the acquisition "ucb" those of the largest mean + deviation;
    with "ei", of the largest expected improvement E[max(f - f*, 0)] on the best prediction f* at a known program; with
    "thompson", the best of one draw of the posterior each. Within a batch, each choice lowers the uncertainty around it
    as if it had been scored at its mean.

    Args:
      space: where programs come from. Of at most 10,000 programs, the pool of a batch is a random half of the distinct
        finite functions that are left, so that seeds differ; else it is drawn anew, half of it at random and half
        mutations of the ten best.
      model: "gp", a Gaussian process; "knn", nearest neighbours; "forest", a random forest.
      acquisition: "ei", "ucb" or "thompson".
      pool: functions drawn for a batch where the space cannot be enumerated, at least 16.
      memory: programs that the model is fitted to, at least 16: the latest half, and the best of the others.
      fisher: adds the spectrum of the Fisher information to the features of the 256 candidates that the model likes
        best without it. On the tables it does not help, and it costs a network's compilation.
      spectrum: choices of n programs -> [n, numbers], such as `actsearch.evaluation.fisher.FisherSpectrum`; the search
        gives it where `fisher` is set. It is no option of the archive.

    Raises:
      ValueError: an argument out of range, or a space without decisions.

    Source: Bingham and Miikkulainen 2023 (arXiv 2301.05785), who embed activations by their outputs and the spectrum of
    the Fisher information and search the embedding with nearest neighbours from eight known functions. Different here:
    the sign-free features of `actsearch.engine.embedding`, their 48 principal components; a Gaussian process by
    default; batches. Chosen on the tables of swish-1, with scores exp(-loss) of one seed, judged by the other two, over
    45 runs on three tasks in batches of 8: the top 0.1 % takes 0.061 of random search's median evaluations (features
    that know signs took 0.2 to 0.4), and "ei" does about as well. The spectrum brought nothing: 0.093 with it and 0.063
    without, over 30 runs on the two tasks without convolutions.

    Example:
      >>> from actsearch.spaces import custom
      >>> controller = surrogate(custom(["x", "relu", "tanh", "sigmoid"], ["*", "max"]))
      >>> proposals, state = controller.ask(controller.init(0), 1)
      >>> str(proposals[0].program)
      'max(x, relu(x))'
    """
    for name, value, kind in (("model", model, Model), ("acquisition", acquisition, Acquisition)):
        if value not in get_args(kind):
            raise ValueError(f"{name} is one of {', '.join(get_args(kind))}; received {value!r}.")
    for name, number in {"pool": pool, "memory": memory}.items():
        at_least(name, number, 16)
    if not isinstance(fisher, bool):
        raise ValueError(f"fisher is true or false; received {fisher!r}.")
    if fisher != (spectrum is not None):
        raise ValueError("fisher and spectrum go together: a search with --option fisher=true gives the spectrum.")
    require_choice("surrogate", space)
    spectra = None if spectrum is None else _remembered(spectrum)

    def init(seed):
        return {"rng": rng_state(seed), "started": 0, "evidence": [], "seen": []}

    def ask(state, n):
        rng, chart = rng_from(state["rng"]), _chart(space)
        evidence, seen = state["evidence"], set(state["seen"])
        starts = chart.candidates.take(np.array(chart.starts[state["started"] :][:n], int))
        found = [starts]
        if len(starts.choices) < n:
            known = _describe(space, chart, [row[0] for row in evidence])
            taken = seen | set(starts.identities.tolist()) | set(known.identities.tolist())
            wanted = n - len(starts.choices)
            open_ = _open(space, chart, evidence, taken, max(pool, 8 * wanted), wanted, rng)
            values = np.array([row[1] / row[2] for row in evidence])
            chooser = functools.partial(_choose, MODELS[model], acquisition, spectra)
            found.append(open_.take(chooser(known, values, open_, wanted, rng)))
        proposals = [Proposal(space.decode(choices)) for part in found for choices in part.choices]
        identities = [identity for part in found for identity in part.identities.tolist()]
        return proposals, {
            **state,
            "rng": rng.bit_generator.state,
            "started": state["started"] + len(starts.choices),
            "seen": [*state["seen"], *identities][-_REMEMBERED:],
        }

    def tell(state, trials):
        rows = {tuple(choices): (total, count) for choices, total, count in state["evidence"]}
        for trial in trials:
            rejected = trial.status.startswith("rejected:")
            if rejected or (trial.score is not None and trial.status not in ("duplicate", "failed")):
                total, count = rows.pop(trial.program.choices, (0.0, 0))
                rows[trial.program.choices] = total + (0.0 if rejected else trial.score), count + 1
        evidence = [[list(choices), total, count] for choices, (total, count) in rows.items()]
        return {**state, "evidence": _bounded(evidence, memory)}

    options = {"model": model, "acquisition": acquisition, "pool": pool, "memory": memory, "fisher": fisher}
    return Controller("surrogate", options, init, ask, tell, least=len(KNOWN) + 1)


def _bounded(evidence: list, memory: int) -> list:
    """Returns the latest half of the memory and the best of the others, in the order in which they were told."""
    if len(evidence) <= memory:
        return evidence
    old = len(evidence) - memory // 2
    best = sorted(range(old), key=lambda i: evidence[i][1] / evidence[i][2], reverse=True)[: memory - memory // 2]
    return [evidence[i] for i in sorted(best)] + evidence[old:]


@functools.lru_cache(maxsize=8)
def _chart(space: Space) -> _Map:
    """Returns the map of a space; a fixed sample stands for one that is too large to enumerate."""
    if space.count() <= ENUMERABLE:
        programs = list(space.enumerate())
    else:
        rng = np.random.default_rng(0)
        programs = [space.sample(rng) for _ in range(_REFERENCE)]
    choices = [program.choices for program in programs if program.choices is not None]
    found = embed(space.template, choices)
    keep = _first_of_each(found.fingerprints, found.finite)
    shapes = found.values[keep]
    mean = shapes.mean(axis=0)
    axes = np.linalg.svd(shapes - mean, full_matrices=False)[2][:_DIMENSIONS].T

    def project(values):
        return (values - mean) @ axes

    candidates = Candidates([choices[i] for i in keep], found.fingerprints[keep], project(shapes))
    return _Map(candidates, project, _nearest_to_known(space, shapes))


def _first_of_each(identities: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Returns the places where an allowed identity occurs for the first time, in order."""
    places = np.flatnonzero(allowed)
    return np.sort(places[np.unique(identities[places], return_index=True)[1]])


def _nearest_to_known(space: Space, shapes: np.ndarray) -> list[int]:
    """Returns the rows of `shapes` nearest to the known functions, no two of them alike."""
    texts = KNOWN_LAYERS if space.layers else KNOWN
    bank = Template.bank([parse(text) for text in texts])
    known = embed(bank, np.arange(len(texts))[:, None]).values
    columns = known.shape[1]  # known functions have no parameters, which come last
    rows: list[int] = []
    for function in known:
        far = np.square(shapes[:, :columns] - function).sum(axis=1)
        for row in rows:  # mirror images are different functions at one place
            far[np.square(shapes - shapes[row]).sum(axis=1) < 1e-6] = np.inf
        if np.isfinite(far).any():
            rows.append(int(np.argmin(far)))
    return rows


def _describe(space: Space, chart: _Map, choices: Sequence[Sequence[int]]) -> Candidates:
    """Returns programs as candidates, without a look at whether they are finite or distinct."""
    rows = [tuple(row) for row in choices]
    table = np.array(rows, np.int32).reshape(len(rows), len(space.decisions))
    found = embed(space.template, table)
    return Candidates(rows, found.fingerprints, chart.project(found.values))


def _open(space: Space, chart: _Map, evidence: list, taken: set[int], pool: int, n: int, rng) -> Candidates:
    """Returns the candidates of one batch of n, none of which is taken."""
    if space.count() <= ENUMERABLE:
        candidates = chart.candidates
        rows = np.flatnonzero([identity not in taken for identity in candidates.identities.tolist()])
        return candidates.take(np.sort(rng.permutation(rows)[: max(n, -(-len(rows) // 2))]))
    best = sorted(evidence, key=lambda row: row[1] / row[2], reverse=True)[:_PARENTS]
    programs = [space.sample(rng) for _ in range(pool - pool // 2 if best else pool)]
    for i in range(pool - len(programs)):
        program = space.decode(best[i % len(best)][0])
        for _ in range(1 + int(rng.integers(3))):
            program = space.mutate(program, rng)
        programs.append(program)
    choices = [program.choices for program in programs if program.choices is not None]
    found = embed(space.template, choices)
    fresh = found.finite & np.array([identity not in taken for identity in found.fingerprints.tolist()])
    keep = _first_of_each(found.fingerprints, fresh)
    return Candidates([choices[i] for i in keep], found.fingerprints[keep], chart.project(found.values[keep]))


def _choose(fit, acquisition: str, spectra, known: Candidates, scores, open_: Candidates, n: int, rng) -> np.ndarray:
    """Returns the rows of `open_` to propose, at most n; at random while there is no evidence."""
    n = min(n, len(open_.choices))
    if not len(scores) or not n:
        return rng.permutation(len(open_.choices))[:n]
    values = _standardised(scores)
    posterior = fit(known.points, values, open_.points, rng)
    size = min(len(open_.choices), max(_SHORTLIST, 2 * n))
    shortlist = np.argsort(-_merit(acquisition, posterior), kind="stable")[:size]
    if spectra is None:
        return shortlist[_batch(acquisition, posterior.at(shortlist), n, rng)]
    # The spectrum is dear: it is added for the shortlist alone.
    rows = np.concatenate([spectra(known.choices), spectra([open_.choices[i] for i in shortlist])])
    rows = (rows - rows.mean(axis=0)) / (rows.std() + 1e-9) / rows.shape[1] ** 0.5
    points = np.concatenate([np.concatenate([known.points, open_.points[shortlist]]), 0.3 * rows], axis=1)
    posterior = fit(points[: len(values)], values, points[len(values) :], rng)
    return shortlist[_batch(acquisition, posterior.at(np.arange(size)), n, rng)]


def _standardised(scores: np.ndarray) -> np.ndarray:
    """Returns log odds of scores in [0, 1], at zero mean and unit variance; equal scores give zeros."""
    clipped = np.clip(scores, 0.01, 0.99)
    odds = np.log(clipped / (1 - clipped))
    return (odds - odds.mean()) / max(float(odds.std()), 1e-9)


def _merit(acquisition: str, posterior: Posterior) -> np.ndarray:
    """Returns what is to be large; Thompson sampling draws from those with a large upper bound."""
    return _improvement(posterior) if acquisition == "ei" else posterior.mean + posterior.deviation


def _improvement(posterior: Posterior) -> np.ndarray:
    """Returns E[max(f - f*, 0)], f* the best prediction at a known program, which the GP shrinks where it was lucky."""
    from scipy.special import ndtr

    u = (posterior.mean - posterior.best) / posterior.deviation
    return posterior.deviation * (u * ndtr(u) + np.exp(-np.square(u) / 2) / np.sqrt(2 * np.pi))


def _batch(acquisition: str, posterior: Posterior, n: int, rng) -> list[int]:
    """Returns n rows of a posterior with its covariance, one after another."""
    covariance = posterior.covariance
    draws = None
    if acquisition == "thompson":
        root = np.linalg.cholesky(covariance + 1e-6 * np.eye(len(covariance)))
        draws = posterior.mean + rng.standard_normal((n, len(covariance))) @ root.T
    free, chosen = np.ones(len(covariance), bool), []
    for i in range(n):
        here = posterior._replace(deviation=np.sqrt(np.maximum(np.diag(covariance), 1e-12)))
        merit = _merit(acquisition, here) if draws is None else draws[i]
        row = int(np.argmax(np.where(free, merit, -np.inf)))
        free[row] = False
        chosen.append(row)
        column = covariance[:, row]
        covariance = covariance - np.outer(column, column) / (column[row] + posterior.noise)
    return chosen


def _remembered(spectrum: Spectrum) -> Spectrum:
    """Returns a spectrum that is computed once for each program; it is a pure function of the choices."""
    rows: dict[tuple[int, ...], np.ndarray] = {}

    def look_up(choices):
        missing = [row for row in dict.fromkeys(map(tuple, choices)) if row not in rows]
        rows.update(zip(missing, spectrum(missing) if missing else (), strict=True))
        return np.stack([rows[tuple(row)] for row in choices])

    return look_up

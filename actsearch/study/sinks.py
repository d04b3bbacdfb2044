"""Sinks: callbacks that pass a search's numbers on, batch after batch, to programs that draw them.

`actsearch search --sinks tensorboard` uses them by name. What a sink needs is imported when it begins, and whatever
goes wrong in it is said once and costs the search nothing: the archive has it all.
"""

import atexit
import hashlib
import json
import math
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from actsearch.language import ActsearchError
from actsearch.study.callbacks import Progress
from actsearch.trials import Status, Trial

Write = Callable[[int, Mapping[str, float]], None]
"""Takes the number of trials so far, and numbers by name."""


class Sink:
    """A callback that writes the numbers of each batch.

    Numbers: `best`, the best score so far, and `score`, the mean score of the batch, each of the longest trainings that
    there were; `trials_per_second` of this process; and for each status its share of the batch, `share/ok` and so on.

    Args:
      name: one of `SINKS`, or a function (folder) -> `Write` of your own.
      folder: of the run; what the sink keeps in files lies in it.
      before: trials before, where a search goes on; the best of them suffices.

    Raises:
      ActsearchError: an unknown name, or a package that is not installed.

    Example:
      >>> import actsearch
      >>> rows = []
      >>> sink = Sink(lambda folder: lambda step, values: rows.append((step, values["best"] > 0)), Path("runs/mine"))
      >>> _ = actsearch.search("swish-1", "tabular-swish1-digits-resnet", "random", 4, callbacks=[sink])
      >>> rows
      [(4, True)]
    """

    def __init__(self, name: str | Callable[[Path], Write], folder: Path, before: Sequence[Trial] = ()):
        if isinstance(name, str) and name not in SINKS:
            raise ActsearchError(f"Unknown sink {name!r}; the sinks are {', '.join(SINKS)}.")
        self._name, self._best = name, _best(before)
        self._write: Write = _nothing
        try:
            self._write = (SINKS[name] if isinstance(name, str) else name)(folder)
        except ImportError as error:
            if not isinstance(name, str):
                raise
            missing = error.name or error
            raise ActsearchError(f"The sink {name} needs {missing}: pip install 'actsearch[{name}]'.") from error
        except Exception as error:  # no account, no network, no room
            self._stop(error)

    def __call__(self, progress: Progress) -> None:
        """Writes the numbers of a batch, unless it is replayed; a sink that fails once is left alone."""
        self._best = max(self._best, _best(progress.trials))
        if not progress.fresh:  # a batch that is replayed was written before
            return
        try:
            self._write(progress.done, numbers(progress, self._best[1]))
        except Exception as error:  # a full disk, a network, a bug of others
            self._stop(error)

    def _stop(self, error: Exception) -> None:
        self._write = _nothing
        warnings.warn(f"The sink {self._name} stops, the search goes on: {error!r}", stacklevel=3)


def numbers(progress: Progress, best: float) -> dict[str, float]:
    """Returns the finite numbers of a batch by name."""
    longest, total = _best(progress.trials)[0], max(len(progress.trials), 1)
    scores = [score for fidelity, score in _scores(progress.trials) if fidelity == longest]
    found = {"best": best, "trials_per_second": progress.fresh / max(progress.seconds, 1e-9)}
    found |= {"score": sum(scores) / len(scores)} if scores else {}
    found |= {f"share/{status}": n / total for status, n in Counter(str(t.status) for t in progress.trials).items()}
    return {name: value for name, value in found.items() if math.isfinite(value)}


def _scores(trials: Iterable[Trial]) -> list[tuple[float, float]]:
    """Returns the fidelity and score of each trial that was trained."""
    return [(one.fidelity, one.score) for one in trials if one.status is Status.OK and one.score is not None]


def _best(trials: Iterable[Trial]) -> tuple[float, float]:
    """Returns the fidelity and score of the best of the longest trainings; shorter ones are not compared with them."""
    return max(_scores(trials), default=(0.0, -math.inf))


def _nothing(step: int, values: Mapping[str, float]) -> None:
    """Writes nothing, in the place of a sink that failed."""


def _json(folder: Path) -> Write:
    """Appends lines to `progress.jsonl`."""

    def write(step: int, values: Mapping[str, float]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "progress.jsonl").open("a") as file:
            file.write(json.dumps({"time": time.time(), "trials": step, **values}) + "\n")

    return write


def _tensorboard(folder: Path) -> Write:
    """Writes event files that `tensorboard --logdir` reads, by tensorboardX, which needs no TensorFlow."""
    from tensorboardX import SummaryWriter

    writer = SummaryWriter(str(folder / "tensorboard"), flush_secs=5)
    atexit.register(writer.close)  # its thread has the last numbers still

    def write(step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            writer.add_scalar(name, value, step)

    return write


def _wandb(folder: Path) -> Write:
    """Logs to Weights & Biases: project "actsearch", the run's folder as its name; a search that goes on is one run."""
    import wandb

    folder.mkdir(parents=True, exist_ok=True)
    options: dict[str, Any] = {"id": _id(folder), "resume": "allow", "reinit": "create_new"}
    run: Any = wandb.init(project="actsearch", name=folder.name, dir=str(folder), **options)
    return lambda step, values: run.log(dict(values), step=step)


def _mlflow(folder: Path) -> Write:
    """Logs to MLflow where MLFLOW_TRACKING_URI says, else to `mlflow.db` in the working directory.

    Experiment "actsearch", the run's folder as its name; a search that goes on is one run.
    """
    from mlflow import MlflowClient

    client, kept = MlflowClient(), folder / "mlflow.txt"
    if not kept.exists():
        known = client.get_experiment_by_name("actsearch")
        experiment = known.experiment_id if known else client.create_experiment("actsearch")
        folder.mkdir(parents=True, exist_ok=True)
        kept.write_text(client.create_run(experiment, run_name=folder.name).info.run_id)
    run = kept.read_text()

    def write(step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            client.log_metric(run, name, value, step=step)

    return write


def _id(folder: Path) -> str:
    """Returns an id that the same folder always has."""
    return hashlib.sha256(str(folder.absolute()).encode()).hexdigest()[:16]


SINKS: dict[str, Callable[[Path], Write]] = {
    "json": _json,
    "tensorboard": _tensorboard,
    "wandb": _wandb,
    "mlflow": _mlflow,
}
"""Sinks by name; all but json have an extra of their name."""

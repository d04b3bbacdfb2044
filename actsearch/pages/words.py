"""Words of a report: the question, the configuration, what the numbers can be trusted for, and how to repeat a run."""

import math
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from actsearch.analysis import noise_floor, spread
from actsearch.analysis.configuration import controller_name, task_digests
from actsearch.archive import Run
from actsearch.evaluation import TABLES, fidelity_of, get_table
from actsearch.language import ActsearchError
from actsearch.pages.material import Verified, tasks_of
from actsearch.report import fidelity_text
from actsearch.spaces import SPACES, get_space
from actsearch.tasks import TASKS, Task, get_task
from actsearch.trials.ranking import of_highest_fidelity

_NOUNS = {"activation": "activation function", "layer": "normalization-activation layer", "gate": "gate"}


def question(run: Run) -> str:
    """Returns what a run asked, one sentence."""
    name = str(run.config.get("space"))
    kind, size = "function", ""
    if name in SPACES:
        space = get_space(name)
        kind, size = _NOUNS[space.kind], f", of {space.count():,} expressions,"
    return f"Which {kind} of the space {name}{size} scores best on {' and '.join(tasks_of(run))}?"


def configuration(run: Run) -> list[tuple[str, str]]:
    """Returns the configuration of a run as pairs of a name and words."""
    evaluator = run.config.get("evaluator", {})
    rows = [("space", f"{run.config.get('space')} (digest {run.config.get('space_digest')})")]
    rows += [("task", _task_words(name, digest)) for name, digest in tasks_of(run).items()]
    merged = [one["config"] for one in run.config.get("merged", ())]
    own = merged or [run.config]
    rows.append(("controller", "; ".join(dict.fromkeys(_controller(one.get("controller", {})) for one in own))))
    rows.append(("scored by", _evaluator(evaluator, len(merged))))
    rows.append(("gates before training", _gates(evaluator)))
    rows.append(("seed, batch", "; ".join(f"{one.get('seed')}, {one.get('batch')}" for one in own)))
    return rows


def _task_words(name: str, digest: str | None) -> str:
    summary = get_task(name).summary if name in TASKS else ""
    return name + (f": {summary}" if summary else "") + (f" (digest {digest})" if digest else "")


def _controller(config: Mapping[str, Any]) -> str:
    """Returns a controller with its hyperparameters, those of its wrappers too."""
    own = ", ".join(f"{key} {value}" for key, value in config.items() if key not in ("name", "inner"))
    text = f"{config.get('name')}" + (f" ({own})" if own else "")
    return f"{text}, around {_controller(config['inner'])}" if "inner" in config else text


def _gates(evaluator: Mapping[str, Any]) -> str:
    """Returns the gates that a configuration names; one of format 1 names none, and a table's own are its."""
    names = ["those of the table"] if "table" in evaluator else []
    names += map(str, evaluator.get("gates", ()))
    return ", ".join(names) or ("none" if "gates" in evaluator else "not known")


def _seeds_per_trial(evaluator: Mapping[str, Any]) -> int:
    """Returns the trainings of a candidate; the identity of a table of format 1 had their number alone."""
    return len(evaluator.get("seeds", ())) or int(evaluator.get("seeds_per_trial", 1))


def _evaluator(evaluator: Mapping[str, Any], merged: int) -> str:
    seeds = _seeds_per_trial(evaluator)
    trainings = f"{seeds} training{'s' if seeds > 1 else ''} of each candidate"
    if merged:  # each with seeds of its own, and a candidate may be in several
        trainings = f"the trainings of {merged} merged runs"
    if "table" in evaluator:
        return f"{trainings}, looked up in a table"
    engine = f", engine {evaluator['engine']}" if "engine" in evaluator else ""
    return f"{trainings}{engine}"


def facts(run: Run) -> list[tuple[str, str]]:
    """Returns where and with what a run was made, and what it cost."""
    trained = [trial for trial in run.trials if trial.trained]
    seeds = sorted({seed for trial in trained for seed in trial.seeds})
    spent = math.fsum(trial.seconds for trial in run.trials)
    shown = f"{seeds[0]} to {seeds[-1]}, {len(seeds)} of them" if len(seeds) > 8 else ", ".join(map(str, seeds))
    return [
        *((name, str(value)) for name, value in run.info.items()),
        ("trials", f"{len(run.trials):,}"),
        ("trainings", f"{sum(len(trial.seeds) for trial in trained):,}"),
        ("seeds trained with", shown or "none"),
        ("wall time of the trials", f"{spent:,.0f} s"),
    ]


def command(run: Run) -> str:
    """Returns the command that makes a run again: the run's own where it kept one, else one from its configuration.

    Of a merged run those of the runs that it was merged of, a line each.
    """
    if run.process.get("command"):
        return str(run.process["command"])
    return "\n".join(_commands(run.config, len(run.trials)))


def _commands(config: Mapping[str, Any], budget: int) -> list[str]:
    if "merged" in config:
        return [line for one in config["merged"] for line in _commands(one["config"], one["trials"])]
    controller, evaluator = config.get("controller", {}), config.get("evaluator", {})
    while "inner" in controller:
        controller = controller["inner"]
    words = ["actsearch", "search", "--space", config.get("space"), "--task", "+".join(task_digests(config))]
    words += ["--budget", budget, "--seed", config.get("seed"), "--batch", config.get("batch")]
    words += ["--engine", evaluator["engine"]] if "engine" in evaluator else []
    words += ["--seeds-per-trial", _seeds_per_trial(evaluator)] if _seeds_per_trial(evaluator) > 1 else []
    constraints = [gate.rpartition(" ")[0] for gate in map(str, evaluator.get("gates", ())) if set(gate) & set("<>=")]
    words += ["--constraint", *constraints] if constraints else []
    properties = [str(one).partition(" ")[0] for one in evaluator.get("objectives", ())]
    words += ["--objectives", ",".join(["score", *properties])] if properties else []
    words += [f"controller:{controller.get('name')}"]
    for key, value in controller.items():
        option = key.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--controller.{'' if value else 'no-'}{option}")
        elif key != "name" and value not in (None, []):
            words += [f"--controller.{option}", *(value if isinstance(value, list) else [value])]
    return [shlex.join(map(str, words))]


def fidelity(run: Run) -> str:
    """Returns how far the order on a run's tasks can be trusted elsewhere; a sentence that says where nothing is."""
    known = []
    for name, digest in tasks_of(run).items():
        task = _task(get_table(name).task if name in TABLES else name)
        if task is not None and digest in (None, _digest(task)):
            known.append(fidelity_text(fidelity_of(task)))
    text = " ".join(filter(None, known))
    return text or f"How far the order on {' and '.join(tasks_of(run))} holds on other networks was not measured."


def _task(name: str) -> Task | None:
    return get_task(name) if name in TASKS else None


def _digest(task: Task) -> str | None:
    try:
        return task.digest
    except ActsearchError:  # its data are not on this machine
        return None


def search_noise(run: Run) -> str:
    """Returns a sentence on luck in a search: how much a score varies with the seed."""
    scores: dict[str, list[float]] = {}
    for trial in of_highest_fidelity(run.trials):
        scores.setdefault(trial.fingerprint, []).extend(row["score"] for row in trial.metrics if "score" in row)
    several = [np.array(row) for row in scores.values() if len(row) > 1]
    freedom = sum(len(row) - 1 for row in several)
    if not freedom:
        return f"{run.name} trained no function more than once, so that its noise is not known."
    sd = math.sqrt(sum(float(np.square(row - row.mean()).sum()) for row in several) / freedom)
    return (
        f"In {run.name} a function's score varies with the seed by {sd:.4f} (standard deviation, from {len(several):,} "
        f"function{'s' if len(several) > 1 else ''} trained more than once): single trainings that differ by less than "
        f"about {2 * 2**0.5 * sd:.4f} are in no order."
    )


def verified_noise(one: Verified) -> list[str]:
    """Returns sentences on luck in a verification: the smallest difference that its seeds can see on each task."""
    lines = []
    for task in one.result.tasks:
        rows = [row.trained.scores for row in one.result.rows if row.task == task and not row.trained.diverged]
        if len(rows) > 1 and len(one.result.seeds) > 1:
            n = len(one.result.seeds)
            floor = noise_floor(spread(np.array(rows)).sd_difference, n, paired=True)
            lines.append(f"{one.name}, {task}: {n} shared seeds see a difference of {floor:.4f} with a power of 80 %.")
    return lines


def title(runs: Sequence[Run]) -> str:
    """Returns the title of a report."""
    where = dict.fromkeys(f"{run.config.get('space')} on {' + '.join(tasks_of(run))}" for run in runs)
    return "; ".join(where) if len(where) < 3 else f"{len(runs)} runs on {len(where)} tasks"


def label(run: Run) -> str:
    """Returns the name of a run with its controller."""
    if merged := run.config.get("merged"):
        return f"{run.name}: {len(merged)} runs merged"
    return f"{run.name}: {controller_name(run.config)}, seed {run.config.get('seed')}"

"""The report of runs: one file that needs nothing else."""

import functools
import math
import os
import shlex
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from actsearch.analysis import Comparison, best_so_far, compare_runs, funnel
from actsearch.archive import Run
from actsearch.language import ActsearchError, Program, simplify
from actsearch.pages import charts, finalists, grids, known, papers, words
from actsearch.pages.baseline import expected_best, is_random
from actsearch.pages.material import Material, false_rejects, gather, published
from actsearch.pages.mathml import to_mathml
from actsearch.pages.packages import package
from actsearch.pages.verdict import verdict
from actsearch.trials import Trial, front, rank
from actsearch.trials.ranking import of_highest_fidelity

_POINTS = 2500
"""Points at most in a chart of trials."""

_LEADERS = 20
TEMPLATES = Path(__file__).parent / "templates"


def write_report(
    directories: Iterable[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    cards: int = 5,
    say: Callable[[str], None] = lambda line: None,
) -> Path:
    """Writes the report of runs as one HTML file, which opens from a disk and needs no network.

    Args:
      directories: each a run's, or one whose folders are runs' and which keeps their verifications.
      out: the file, written whole or not at all; its folder is made when missing.
      cards: finalists of each run that get a card, at least 0, and as many of those that were only verified; each takes
        seconds.
      say: receives lines on progress.

    Returns:
      The path of the file.

    Raises:
      ActsearchError: no run, a package of `actsearch[report]` is missing, or `cards` is negative.
      ArchiveError: an archive that cannot be used.
    """
    if cards < 0:
        raise ActsearchError(f"A report has a number of cards of at least 0; received {cards}.")
    html = render(gather(map(Path, directories)), cards, say)
    path = Path(out)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(html, encoding="utf-8")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return path


def render(material: Material, cards: int, say: Callable[[str], None]) -> str:
    """Returns the page."""
    said = verdict(material, known.names)
    chosen = [finalists.finalists(run, f"card-{i}", cards) for i, run in enumerate(material.runs)]
    shown = [section(run, f"run-{i}", chosen[i]) for i, run in enumerate(material.runs)]
    units = dict.fromkeys(name for one in shown for name in one["published"])
    shared = finalists.verified_alone(material, [one for own in chosen for one in own.values()], cards)
    everyone = [(one, run) for run, own in zip(material.runs, chosen, strict=True) for one in own.values()]
    everyone += [(one, material.runs[0]) for one in shared]
    by_program = {one.program: one.card for one, _ in everyone}
    called = {p: ", ".join(known.names(p)) for one in material.verified for p in one.result.programs}
    context = {
        "title": words.title(material.runs),
        "version": version("actsearch"),
        "verdict": said,
        "runs": shown,
        "verified": [grids.verified_grid(one, called, by_program) for one in material.verified],
        "named": {str(p): name or str(p) for p, name in called.items()},
        "comparison": comparison(material.runs),
        "cards": [finalists.card(one, run, material.verified, say) for one, run in everyone],
        "noise": [line for one in material.verified for line in words.verified_noise(one)],
        "bibtex": papers.bibtex(material.runs, units, version("actsearch")),
    }
    return template("report.html", context)


def section(run: Run, prefix: str, chosen: Mapping[str, finalists.Finalist]) -> dict[str, Any]:
    """Returns what the page says of one run, by name, for the template."""
    cards = {fingerprint: one.card for fingerprint, one in chosen.items()}
    units = published(run)
    best = list({trial.fingerprint: trial for trial in reversed(of_highest_fidelity(run.trials))}.values())
    marks = {n: one.score for n, one in units.items() if one.score is not None and one.fidelity == best[0].fidelity}
    gates = run.config.get("evaluator", {}).get("gates", ())
    return {
        "id": prefix,
        "label": words.label(run),
        "question": words.question(run),
        "configuration": words.configuration(run),
        "funnel": grids.funnel_grid(funnel(run.trials, gates), false_rejects(run)),
        "audited": bool(false_rejects(run)),
        "trains": "tasks" in run.config.get("evaluator", {}),
        "directory": shlex.quote(str(run.directory)),
        "published": list(units),
        "distribution": charts.distribution([one.score or 0.0 for one in best], marks) if best else None,
        "progress": _progress(run, cards) if best else None,
        "front": _front(best, cards) if best else None,
        "objectives": _objectives(best, cards),
        "leaders": grids.leaders_grid(rank(run.trials)[:_LEADERS], cards),
        "functions": len(best),
        "fidelity": words.fidelity(run),
        "noise": words.search_noise(run),
        "facts": words.facts(run),
        "command": words.command(run),
        "own_command": bool(run.process.get("command")),
    }


def _progress(run: Run, cards: Mapping[str, str]) -> charts.Spec:
    scored = [trial for trial in run.trials if trial.score is not None and trial.trained]
    highest = max(trial.fidelity for trial in scored)
    points = [
        {**_point(trial, cards), "score": trial.score, "status": _status(trial, highest), "trial": trial.index}
        for trial in _sample(scored, cards)
    ]
    lines = charts.step_rows(best_so_far(run.trials), "best so far")
    lines += [{"trial": n - 1, "score": s, "line": charts.RANDOM} for n, s in expected_best(run).items()]
    return charts.progress(points, lines)


def _status(trial: Trial, highest: float) -> str:
    if trial.status == "diverged":
        return "diverged"
    if trial.fidelity < highest:
        return "short training"
    return "trained again" if trial.repeat else "trained"


def _front(best: Sequence[Trial], cards: Mapping[str, str]) -> charts.Spec:
    """Returns score against cost."""
    costs = {one.fingerprint: sum(bool(node.args) for node in simplify(one.program).nodes) for one in best}
    shown = _with_front(best, [(-costs[one.fingerprint], one.score or 0.0) for one in best], cards)
    points = [{**_point(trial, cards), "x": costs[trial.fingerprint], "y": trial.score} for trial in shown]
    return charts.front(points, "operations")


def _objectives(best: Sequence[Trial], cards: Mapping[str, str]) -> list[tuple[charts.Spec, str]]:
    """Returns the front of the first two objectives of a search for several, of functions that have both, and words."""
    names = list(best[0].objectives) if best else []
    if len(names) < 2:
        return []
    x, y = names[:2]
    # A property may be infinite or unknown: the largest slope of exp, the degree of a function that is no polynomial.
    both = [trial for trial in best if np.isfinite([trial.objectives.get(name, math.nan) for name in (x, y)]).all()]
    shown = _with_front(both, [(one.objectives[x], one.objectives[y]) for one in both], cards) if both else []
    points = [{**_point(trial, cards), "x": trial.objectives[x], "y": trial.objectives[y]} for trial in shown]
    caption = f"{y} against {x}; diamonds are the Pareto front. The lowest tenth may stand at the ends."
    return [(charts.front(points, x, y), caption)] if points else []


def _point(trial: Trial, cards: Mapping[str, str]) -> dict[str, Any]:
    card = cards.get(trial.fingerprint)
    return {"formula": str(simplify(trial.program)), "card": f"#{card}" if card else None}


def _with_front(
    trials: Sequence[Trial], points: Sequence[tuple[float, float]], cards: Mapping[str, str]
) -> list[Trial]:
    """Returns a sample of trials that has all on the Pareto front of their points, of which larger ones are better."""
    return _sample(trials, cards.keys() | {trials[i].fingerprint for i in front(np.array(points)).tolist()})


def _sample(trials: Sequence[Trial], kept: Collection[str]) -> list[Trial]:
    """Returns the best trials and every n-th of the others, in order: charts of a million are neither read nor sent.

    The fingerprints `kept` stay, whatever their scores.
    """
    if len(trials) <= _POINTS:
        return list(trials)
    ordered = sorted(trials, key=lambda trial: (trial.fingerprint not in kept, -trial.fidelity, -(trial.score or 0.0)))
    best, rest = ordered[: _POINTS // 2], ordered[_POINTS // 2 :]
    step = -(-len(rest) // (_POINTS // 2))
    return sorted([*best, *sorted(rest, key=lambda trial: trial.index)[::step]], key=lambda trial: trial.index)


def comparison(runs: Sequence[Run]) -> dict[str, Any]:
    """Returns regret of runs against one another and against random draws; the reason where they cannot be compared."""
    with_trials = [run for run in runs if of_highest_fidelity(run.trials)]
    if not with_trials:
        return {"reason": "No run has a score."}
    try:
        compared: Comparison = compare_runs(with_trials)
    except ActsearchError as error:
        return {"reason": str(error)}
    baseline = expected_best(max(with_trials, key=lambda run: len(run.trials)))
    if len(with_trials) == 1 and not baseline:
        why = "The run itself draws at random" if is_random(with_trials[0]) else "There is no random baseline"
        return {"reason": f"{why}: give a run of another controller on this space and task too, to see regret."}
    return {
        "chart": charts.regret(compared, baseline),
        "runs": grids.runs_grid(compared),
        "regret": grids.regret_grid(compared),
        "baseline": bool(baseline) or any(is_random(run) for run in with_trials),
    }


def template(name: str, context: Mapping[str, Any]) -> str:
    """Returns a template of this folder filled in, everything escaped that is no markup."""
    jinja2 = package("jinja2")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    markup = package("markupsafe").Markup
    environment.policies["json.dumps_kwargs"] = {"sort_keys": True, "allow_nan": False}
    environment.globals |= {
        "style": markup((TEMPLATES / "style.css").read_text(encoding="utf-8")),
        "script": markup((TEMPLATES / "page.js").read_text(encoding="utf-8")),
        "vega": markup(_vega()),
        "mathml": lambda program: markup(to_mathml(_simplified(program))),
    }
    return str(environment.get_template(name).render(context))


def _simplified(program: Program) -> Program:
    return simplify(program)


@functools.cache
def _vega() -> str:
    """Returns the JavaScript of Vega, Vega-Lite and Vega-Embed, of the version that the charts are written for."""
    written = package("altair").SCHEMA_VERSION
    bundle: str = package("vl_convert").javascript_bundle(vl_version=".".join(written.split(".")[:2]))
    return bundle.replace("</script", "<\\/script")

"""The Swish search in miniature: find activations on real digits, then verify them on deeper networks (`make search`).

    python experiments/swish_digits.py [--budget 6250] [--rates 0.5 1 2] [--out runs/swish_digits]

Searches the one-unit space of Ramachandran et al. (2017) on `digits-mlp`, in random order and without replacement.
Then the best 20, nine baselines and the paper's eight functions are trained anew with 8 fresh seeds on
`digits-deep-mlp` and `digits-resnet` and scored on test data, which the search never saw. Interrupted, the same
command goes on.

Hardware: 2 CPU cores. Wall time: about 6 minutes. Expected: two thirds of the 4,000 expressions are distinct and
finite, and few of the winners hold up on the deeper networks; experiments/README.md records what a run found.
"""

import argparse
import functools
import json
from pathlib import Path

from actsearch.analysis.funnel import best, funnel
from matplotlib.figure import Figure

import actsearch
from actsearch.analysis.statistics import Interval, bootstrap_mean, paired_difference, percentile_rank
from actsearch.catalog import BASELINES, CATALOG, SWISH_PAPER
from actsearch.evaluation import score_programs, use_all_cores
from actsearch.language import Program
from actsearch.report import plots
from actsearch.report.progress import ProgressLog
from actsearch.report.style import save
from actsearch.report.tables import Column, funnel_table, render, show
from actsearch.tasks import get_task
from actsearch.trials.trial import Trial

SEARCH_TASK = "digits-mlp"
VERIFY_TASKS = ("digits-deep-mlp", "digits-resnet")
FRESH_SEEDS = tuple(range(100, 108))
WINNERS = 20
say = functools.partial(print, flush=True)

Scores = dict[str, dict[str, list[float]]]
"""Task -> formula -> test accuracy for each fresh seed."""


def main():
    """Searches, verifies, prints and draws."""
    args = _arguments()
    use_all_cores()
    with ProgressLog(f"swish-1 on {SEARCH_TASK}") as log:
        result = actsearch.search(
            "swish-1", SEARCH_TASK, "exhaustive", args.budget, out=args.out, report=log, explain=say
        )
    say(f"Searched in {result.seconds:.0f} s with {result.compilations} compilation(s) of the training function.\n")
    show(funnel_table(funnel(result.trials)))

    marked = _published_scores(result.trials)
    programs, origins = _contenders(result.trials)
    scores = {task: _verify(task, programs, args.rates) for task in VERIFY_TASKS}
    _print_verification(scores, origins)
    _write(args.out, scores, origins)
    _draw(args.out / "figures", result.trials, marked, scores)
    say(f"\nArchive, verification.json and figures: {args.out}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budget", type=int, default=4000, help="expressions to try; 6250 is the whole space")
    parser.add_argument(
        "--rates", type=float, nargs="+", default=[1.0], help="learning-rate factors to try per function"
    )
    parser.add_argument("--out", type=Path, default=Path("runs/swish_digits"), help="directory of the run")
    return parser.parse_args()


def _published_scores(trials: list[Trial]) -> dict[str, float]:
    """Scores ReLU and the published functions as the search scores, and prints where each ranks among candidates."""
    names = ("relu", *SWISH_PAPER)
    results = score_programs(get_task(SEARCH_TASK), [CATALOG[name].program for name in names], [0])
    scored = [trial.score for trial in trials if trial.status in ("ok", "diverged")]
    rows = []
    for name, result in zip(names, results, strict=True):
        above = sum(score > result.score for score in scored)
        rank = f"{above + 1:,} of {len(scored):,}"
        rows.append((str(CATALOG[name].program), result.score, rank, percentile_rank(scored, result.score)))
    title = "Where the published functions rank in the search (one seed: ties are many, small differences are noise)"
    show(render(rows, ("function", Column("accuracy", ".4f"), "rank", Column("better than", ".1%")), title))
    return {str(CATALOG[name].program): result.score for name, result in zip(names, results, strict=True)}


def _contenders(trials: list[Trial]) -> tuple[list[Program], dict[str, str]]:
    """Returns the distinct functions to verify, and the origin of each by its text."""
    origins: dict[str, tuple[Program, list[str]]] = {}
    found = [
        (actsearch.simplify(trial.program), f"search #{rank}") for rank, trial in enumerate(best(trials, WINNERS), 1)
    ]
    known = [(CATALOG[name].program, name) for name in (*BASELINES, *SWISH_PAPER)]
    for program, origin in known + found:
        origins.setdefault(actsearch.fingerprint(program), (program, []))[1].append(origin)
    return [program for program, _ in origins.values()], {str(p): ", ".join(names) for p, names in origins.values()}


def _verify(task: str, programs: list[Program], rates: list[float]) -> dict[str, list[float]]:
    """Trains every program with fresh seeds; returns test accuracies by formula."""
    results = score_programs(
        get_task(task), programs, FRESH_SEEDS, rate_scales=rates, part="test", report=say, bank_size=64
    )
    return {str(p): [row["score"] for row in r.metrics] for p, r in zip(programs, results, strict=True)}


def _print_verification(scores: Scores, origins: dict[str, str]) -> None:
    """Prints test accuracy and the paired difference to ReLU on each task, the best mean difference first."""

    def gains(formula):
        return [paired_difference(scores[task][formula], scores[task]["relu(x)"]) for task in VERIFY_TASKS]

    order = sorted(origins, key=lambda formula: -sum(gain.estimate for gain in gains(formula)))
    rows = []
    for formula in order:
        row = [formula, origins[formula]]
        for task, gain in zip(VERIFY_TASKS, gains(formula), strict=True):
            row += [_percent(bootstrap_mean(scores[task][formula])), _percent(gain)]
        rows.append(row)
    heads = [Column(head, form) for task in VERIFY_TASKS for head, form in ((task, ".1f"), ("minus ReLU", "+.1f"))]
    title = f"Verified on test data, {len(FRESH_SEEDS)} fresh seeds: mean accuracy in % and its 95 % bootstrap interval"
    show(render(rows, ("function", "origin", *heads), title))


def _percent(row: Interval) -> Interval:
    return Interval(*(100 * value for value in row))


def _write(out: Path, scores: Scores, origins: dict[str, str]) -> None:
    record = {"part": "test", "seeds": FRESH_SEEDS, "origins": origins, "scores": scores}
    temporary = out / "verification.json.new"
    temporary.write_text(json.dumps(record, indent=1) + "\n")
    temporary.replace(out / "verification.json")


def _draw(folder: Path, trials: list[Trial], marked: dict[str, float], scores: Scores) -> None:
    """Writes the figures as PNG and SVG."""
    scored = [trial.score for trial in trials if trial.status == "ok"]
    winners = {str(p): p for p in (actsearch.simplify(trial.program) for trial in best(trials, 8))}
    save(plots.search_progress(trials, f"The one-unit Swish space on {SEARCH_TASK}"), folder / "progress")
    save(plots.score_distribution(scored, marked, f"Validation accuracy on {SEARCH_TASK}"), folder / "distribution")
    save(plots.curves(winners, title="The best eight of the search, with their derivatives"), folder / "winners")
    for task in VERIFY_TASKS:
        save(_forest(task, scores[task]), folder / f"verified-{task}")


def _forest(task: str, scores: dict[str, list[float]]) -> Figure:
    gains = {formula: paired_difference(values, scores["relu(x)"]) for formula, values in scores.items()}
    rows = dict(sorted(gains.items(), key=lambda row: -row[1].estimate))
    del rows["relu(x)"]
    label = "test accuracy minus that of ReLU, paired by seed"
    title = f"Verified on {task}, {len(FRESH_SEEDS)} fresh seeds, 95 % intervals"
    return plots.intervals(rows, 0.0, reference_name="ReLU", label=label, title=title)


if __name__ == "__main__":
    main()

"""The Swish search in miniature: find activations on real digits, then verify them on deeper networks (`make search`).

    python experiments/swish_digits.py [--budget 6250] [--rates 0.5 1 2] [--out runs/swish_digits]

Searches the one-unit space of Ramachandran et al. (2017) on `digits-mlp`, in random order and without replacement.
Then the best 20, nine baselines and the paper's eight functions are trained anew with 8 fresh seeds on
`digits-deep-mlp` and `digits-resnet` and scored on test data, which the search never saw. Interrupted, the same
command goes on.

Hardware: 2 CPU cores. Wall time: about 6 minutes. Expected: two thirds of the 4,000 expressions are distinct and
finite, and few of the winners hold up on the deeper networks; experiments/README.md records what a run found.
"""

from pathlib import Path

import tyro
from _card import machine, searched, verified, write_json

from actsearch import report, simplify
from actsearch.analysis import funnel, percentile_rank
from actsearch.catalog import BASELINES, CATALOG, SWISH_PAPER
from actsearch.evaluation import score_programs, use_all_cores
from actsearch.tasks import get_task
from actsearch.trials import Trial
from actsearch.trials.ranking import best

TASK, HELD_OUT = "digits-mlp", "digits-deep-mlp+digits-resnet"


def main(budget: int = 4000, rates: tuple[float, ...] = (1.0,), out: Path = Path("runs/swish_digits")) -> None:
    """Search, verify, print and draw; `budget` counts expressions, `rates` are factors on the learning rate."""
    use_all_cores()
    trials = searched("swish-1", TASK, "exhaustive", budget, out)
    report.show(report.funnel_table(funnel(trials)))
    marked = published_scores(trials)
    programs = {name: CATALOG[name].program for name in (*BASELINES, *SWISH_PAPER)}
    programs |= {f"search #{i}": simplify(trial.program) for i, trial in enumerate(best(trials, 20), 1)}
    verification, scores = verified(programs, HELD_OUT, 8, rate_scales=rates)
    write_json(out / "verification.json", machine() | verification.to_json() | {"scores": scores})
    draw(out / "figures", trials, marked)
    for task in verification.tasks:
        rows = [row for row in verification.rows if row.task == task and row.differences]
        rows.sort(key=lambda row: -row.differences[0].pointwise.estimate)
        gains = {str(row.program): row.differences[0].pointwise for row in rows}
        label = {"label": "test accuracy minus that of ReLU, paired by seed", "title": f"Verified on {task}"}
        forest = report.draw_intervals(gains, 0.0, reference_name="ReLU", **label)
        report.save(forest, out / "figures" / f"verified-{task}")


def published_scores(trials: list[Trial]) -> dict[str, float]:
    """Scores ReLU and the published functions as the search scores, and prints where each ranks among candidates."""
    programs = [CATALOG[name].program for name in ("relu", *SWISH_PAPER)]
    marked = {str(p): row.score for p, row in zip(programs, score_programs(get_task(TASK), programs, [0]), strict=True)}
    scored = [trial.score for trial in trials if trial.trained]
    rows = [(formula, score, percentile_rank(scored, score)) for formula, score in marked.items()]
    columns = ("function", report.Column("accuracy", ".4f"), report.Column("better than", ".1%"))
    title = "Published functions among those searched (one seed: small differences are noise)"
    report.show(report.render(rows, columns, title))
    return marked


def draw(folder: Path, trials: list[Trial], marked: dict[str, float]) -> None:
    """Writes the figures of the search as PNG and SVG."""
    scores = [trial.score for trial in trials if trial.status == "ok"]
    winners = {str(program): program for program in (simplify(trial.program) for trial in best(trials, 8))}
    report.save(report.search_progress(trials, f"The one-unit Swish space on {TASK}"), folder / "progress")
    report.save(report.score_distribution(scores, marked, f"Accuracy on {TASK}"), folder / "distribution")
    report.save(report.draw_curves(winners, title="The best eight of the search"), folder / "winners")


if __name__ == "__main__":
    tyro.cli(main)

"""Swish found again: search the paper's one-unit space on two small networks, verify on three others (`make search`).

    python experiments/swish_mnist1d.py [--seed 0] [--seeds 12] [--equal-time] [--out runs/swish_mnist1d]

Every expression of the one-unit space of Ramachandran et al. (2017) is trained shortly on MNIST-1D with an MLP, for an
eighth of its steps; the best eighth is trained to the end, and the best of these with further seeds. The best 160 are
trained on a ResNet of the same data too. Then the winners on the MLP and on both, of which none is Swish or SiLU, the
winner of a random search that was given as many training steps, and published functions are trained with fresh seeds on
networks and data that no search saw: a ResNet on digits, a CNN on photographs, a Transformer on text, each function at
its best of three learning rates. Intervals hold for all comparisons at once. Interrupted, the same command goes on.

Hardware: 2 CPU cores. Wall time and what a run found: docs/studies/swish_search.md. Expected: Swish among the
best 0.5 % of the space by the search's own score.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import tyro
from _card import different, machine, places, promoted, say, searched, write_json

import actsearch
from actsearch import Program, fingerprint, report, simplify
from actsearch.analysis import Verification, funnel
from actsearch.catalog import CATALOG, SWISH_PAPER
from actsearch.controllers import Exhaustive, Random, Repeated, SuccessiveHalving
from actsearch.evaluation import measure_costs, score_programs, use_all_cores, verify
from actsearch.pages import write_report
from actsearch.tasks import get_task
from actsearch.trials import Trial
from actsearch.trials.ranking import best, rank

SPACE, EXPRESSIONS, BUDGET = "swish-1", 6_250, 7_000
MLP, RESNET = "mnist1d-mlp", "mnist1d-resnet"
CONTROLLER = Repeated(SuccessiveHalving(Exhaustive(), rungs=2, eta=8), share=0.05, most=4)
PROMOTED = 160
"""Functions that the ResNet trains: the MLP's best."""

TABLE = "tabular-swish1-mnist1d-mlp-likelihood"
HELD_OUT = "digits-resnet+photos-cnn+text-ffn-short"
BASELINES = ("relu", "silu")


def main(seed: int = 0, seeds: int = 12, equal_time: bool = False, out: Path = Path("runs/swish_mnist1d")) -> None:
    """Search, verify, print and draw, and write the report.

    Args:
        seed: of the search on the MLP; the ResNet is trained with the next one.
        seeds: how many fresh ones verify.
        equal_time: verify once more with each function given ReLU's time instead of ReLU's steps.
        out: folder of archives, results and figures.
    """
    use_all_cores()
    mlp = searched(SPACE, MLP, CONTROLLER, BUDGET, out / MLP, seed=seed, batch=256)
    report.show(report.funnel_table(funnel(mlp), f"{SPACE} on {MLP}"))
    resnet = promoted(SPACE, RESNET, mlp, PROMOTED, out / RESNET, seeds=(seed + 1,))
    for task, trials in {MLP: mlp, RESNET: resnet}.items():
        draw(out / "figures", trials, task)
        write_json(out / f"{task}.json", machine() | {"seed": seed, "ranks": published_ranks(trials, task)})
    programs = {name: CATALOG[name].program for name in (*BASELINES, "gelu", "swish")}
    programs |= finalists(mlp, resnet, known=programs.values())
    programs |= random_choice(sum(trial.fidelity for trial in mlp if trial.trained), seed)
    for name, equal in [("verification", False), ("equal_time", True)][: 1 + equal_time]:
        verification = verify(
            list(programs.values()),
            HELD_OUT,
            seeds,
            baselines=[CATALOG[name].program for name in BASELINES],
            rate_scales=(1.0, 0.5, 2.0),
            rate_seeds=2,
            equal_time=equal,
            report=say,
        )
        show_verified(verification, programs)
        write_json(out / f"{name}.json", machine() | verification.to_json() | {"programs": _texts(programs)})
    say(f"To read all of it: {write_report([out], out / 'report.html', cards=2, say=say)}")


def finalists(mlp: Sequence[Trial], resnet: Sequence[Trial], known: Iterable[Program]) -> dict[str, Program]:
    """Returns the best on the MLP and the best two by the mean of both scores, none of them a known function."""
    scores = {row.fingerprint: row.mean for row in rank(resnet)}
    rows = rank(mlp)
    both = [row for row in rows if row.fingerprint in scores]
    both.sort(key=lambda row: -(row.mean + scores[row.fingerprint]))
    (first,) = different([row.program for row in rows], 1, known)
    others = different([row.program for row in both], 2, (*known, first))
    return {f"{MLP} #1": first, "both #1": others[0], "both #2": others[1]}


def _texts(programs: Mapping[str, Program]) -> dict[str, str]:
    return {name: str(program) for name, program in programs.items()}


def published_ranks(trials: Sequence[Trial], task: str) -> dict[str, dict[str, float | None]]:
    """Prints and returns the rank of published functions among all functions that were trained on a task."""
    functions = len({trial.fingerprint for trial in trials if trial.trained})
    scores, place_of = {row.fingerprint: row.mean for row in rank(trials)}, places(trials)
    rows, ranks = [], {}
    for name in ("swish", "silu", "relu", *SWISH_PAPER[1:]):
        key = fingerprint(CATALOG[name].program)
        place = place_of.get(key)
        ranks[name] = {"rank": place, "functions": functions, "score": scores.get(key)}
        rows.append((name, str(CATALOG[name].program), scores.get(key), place, place and place / functions))
    if task == MLP:  # one training, and the seconds of its compilation, which on the ResNet are eight
        (gelu,) = score_programs(get_task(task), [CATALOG["gelu"].program], [0])
        rows.append(("gelu, not in the space", "gelu(x)", gelu.score, None, None))
    columns = (
        "name",
        "function",
        report.Column("score", ".4f"),
        report.Column("rank", ",d"),
        report.Column("top", ".2%"),
    )
    title = f"Published functions among the {functions:,} that {task} trained; no rank: not among the best that went on"
    report.show(report.render(rows, columns, title))
    return ranks


def random_choice(budget: float, seed: int) -> dict[str, Program]:
    """Returns the best of a random search with that many full trainings, looked up in the table of the space."""
    trials = actsearch.search(SPACE, TABLE, Random(), EXPRESSIONS, seed=seed).trials
    spent = [trial for trial in trials if trial.trained][: round(budget)]
    say(f"random choice: the best of {len(spent):,} full trainings, as many steps as the search made")
    return {"random choice": simplify(best(spent, 1)[0].program)}


def show_verified(verification: Verification, programs: Mapping[str, Program]) -> None:
    """Prints one table a held-out task: differences with simultaneous intervals, and cost as ratios to ReLU's."""
    relu, *costs = measure_costs([CATALOG["relu"].program, *verification.programs])
    cost = dict(zip(verification.programs, (one.relative_to(relu) for one in costs), strict=True))
    names: dict[str, str] = {}
    for name, program in programs.items():
        key = fingerprint(program)
        names[key] = f"{names[key]}, {name}" if key in names else name
    columns = ["function", "name", report.Column("score", ".4f"), report.Column("rate", "g")]
    columns += [report.Column(f"minus {name}", "+.4f") for name in BASELINES]
    columns += [report.Column(head, ".1f") for head in ("flops", "bytes", "forward", "backward")]
    for task in verification.tasks:
        rows = []
        for program in verification.ranked:
            row = verification.row(task, program)
            by_baseline = {difference.baseline: difference.simultaneous for difference in row.differences}
            gains = [by_baseline.get(str(CATALOG[name].program)) for name in BASELINES]
            head = (str(program), names[fingerprint(program)], row.mean.estimate, row.trained.rate_scale)
            rows.append((*head, *gains, *cost[program]))
        n = len(verification.seeds)
        title = f"{task}: {n} fresh seeds, test data, intervals that hold for all comparisons of all tasks at once"
        report.show(report.render(rows, columns, title))


def draw(folder: Path, trials: Sequence[Trial], task: str) -> None:
    """Writes the figures of a search as PNG and SVG."""
    full = [trial for trial in trials if trial.status == "ok" and trial.fidelity == 1 and not trial.repeat]
    marks = {name: fingerprint(CATALOG[name].program) for name in ("swish", "silu", "relu")}
    scores = {trial.fingerprint: trial.score for trial in full}
    marked = {name: scores[key] for name, key in marks.items() if key in scores}
    winners = {str(program): program for program in (simplify(row.program) for row in rank(trials)[:8])}
    title = f"The best of {len({t.fingerprint for t in trials if t.trained}):,} functions on {task}, full trainings"
    report.save(report.score_distribution(list(scores.values()), marked, title), folder / f"distribution-{task}")
    report.save(report.draw_curves(winners, title=f"The best eight on {task}"), folder / f"winners-{task}")


if __name__ == "__main__":
    tyro.cli(main)

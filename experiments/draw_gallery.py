"""Writes the gallery: the best functions that each study found, from its committed results, and their pictures.

    python experiments/draw_gallery.py

No number of a function is written by hand. A study gives the best functions of its first task that are no published
unit, nor one up to sign, scale and shift. What of each is known already takes seconds a function; it is kept in
`experiments/results/novelty.json`, and computed for functions that are new to it.

Hardware: any. Wall time: half a minute, and several seconds for each new function. Expected: `docs/gallery.md` and
`docs/figures/gallery/`; tests/experiments/test_gallery.py says when the page is no longer that of the results.
"""

import itertools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from actsearch import Program, identify, parse, simplify
from actsearch.analysis import Interval, Scores, Verification, verified
from actsearch.catalog import CATALOG, novelty
from actsearch.evaluation import get_table, rank_table
from actsearch.report import draw_curves, draw_graph, save
from actsearch.trials.codec import read_program

ROOT = Path(__file__).parents[1]
RESULTS, DOCS = ROOT / "experiments/results", ROOT / "docs"
NOVELTY = RESULTS / "novelty.json"
PAGE, FIGURES = DOCS / "gallery.md", DOCS / "figures/gallery"
SAME = 1e-9
"""A distance below it is rounding."""

COUNT = 4
"""Functions of a study."""

HEAD = """# Gallery of discovered functions

The best of what the studies found: up to four functions each, in the order of the study's first task. None is a
published unit up to sign, scale and shift: what a search found again stands above its table. Each has the difference
of its score from the baseline's on every task of the study, likelihood or accuracy, with an interval that holds for
all comparisons on that task at once. It is bold where all of it lies above 0, and italic where all of it lies below.
The last column has the nearest published unit of the [catalogue](how_to/catalog.md) (`actsearch catalog gcu` says what
one is), up to scale and shift of input and output and with parameters at their initial values, and what is left of
the difference, as a share of the standard deviation.

`python experiments/draw_gallery.py` writes this page from the committed results."""

WHOLE = """# Whole spaces, not verified

Every function of these spaces was trained with three seeds, and those below were chosen by the same trainings: they are
flattered by luck, and their intervals do not allow for the choice. Three seeds see large differences alone: 0.07 on
`digits-resnet` ([the noise of the tasks](studies/fidelity.md))."""


class Study(NamedTuple):
    """A section of the page: its title, page and name of its picture, where its verifications come from, and a note.

    In the note stand `{best}` and `{gain}` for the study's first function, published ones among them.
    """

    title: str
    page: str
    name: str
    verifications: Callable[[], Sequence[Verification]]
    note: str = ""


def of_files(*names: str) -> Callable[[], list[Verification]]:
    """Returns what reads verifications as experiments write them."""
    return lambda: [Verification.from_json(json.loads((RESULTS / name).read_text())) for name in names]


def of_comparison(name: str) -> list[Verification]:
    """Returns the fresh trainings of a comparison of controllers as a verification; functions found twice are one."""
    record = json.loads((RESULTS / name).read_text())
    scores = {parse(record["programs"][one]): tuple(row) for one, row in record["scores"].items()}
    relu = CATALOG["relu"].program
    baseline_first = sorted(scores, key=lambda one: one != relu)
    rows = [Scores(record["task"], one, one == relu, scores[one]) for one in baseline_first]
    return [verified(rows, record["seeds"])]


def of_table(name: str) -> list[Verification]:
    """Returns the trainings of a table's best functions, and of ReLU."""
    ranking, task, relu = rank_table(name), get_table(name).task, CATALOG["relu"].program
    rows = [Scores(task, relu, True, ranking.row(relu).scores)]
    rows += [Scores(task, one.program, False, one.scores) for one in ranking.rows[: 6 * COUNT]]
    return [verified(rows, range(len(rows[0].scores)), part="validation")]


FOUND = (
    Study(
        "The feed-forward of a Transformer",
        "studies/swish_text.md",
        "swish_text",
        of_files("swish_text/text-ffn.json", "swish_text/text-ffn-muon.json", "swish_text/text-ffn-wide.json"),
        "First in the study is `{best}`, half a sine of 2x and so a published unit: {gain}.",
    ),
    Study("A photograph as a function", "studies/sine_inr.md", "sine_inr", of_files("sine_inr/verification.json")),
    Study(
        "Swish found again",
        "studies/swish_search.md",
        "swish_mnist1d",
        of_files("swish_mnist1d/verification.json"),
        "Swish and SiLU are among the first of the search; published, they are not shown. The two below are not told\n"
        "apart from ReLU on two tasks, and lie below it on text.",
    ),
    Study(
        "Two core units on digits",
        "studies/controllers_large_spaces.md",
        "compare_swish-2",
        lambda: of_comparison("compare_swish-2.json"),
        "None is told apart from ReLU, on a task that hardly needs an activation ([measured](studies/fidelity.md)).",
    ),
    Study(
        "Normalisers of a Transformer",
        "studies/evonorm_text.md",
        "evonorm_text",
        of_files("evonorm_text/text-norm.json"),
        "Most of this is scale: LayerNorm with outputs a quarter as large is not told apart from the first\n"
        "([the study](studies/evonorm_text.md)).",
    ),
)
TABLES = (
    Study(
        "One core unit on MNIST-1D",
        "studies/mnist1d_table.md",
        "table-mnist1d",
        lambda: of_table("tabular-swish1-mnist1d-mlp-likelihood"),
    ),
    Study(
        "One core unit on digits",
        "studies/swish_table.md",
        "table-swish-1",
        lambda: of_table("tabular-swish1-digits-resnet-likelihood"),
    ),
    Study(
        "Act-Bench on digits",
        "studies/act_bench_table.md",
        "table-act-bench",
        lambda: of_table("tabular-actbench-digits-resnet-likelihood"),
    ),
)


def discovered(verifications: Sequence[Verification], known: Mapping[str, Any]) -> list[Program]:
    """Returns the best functions on the first task that are no published unit, nor one up to scale and shift."""
    unnamed = (program for program in verifications[0].ranked if not identify(program))
    return list(itertools.islice((one for one in unnamed if distance(known[str(one)]) >= SAME), COUNT))


def distance(record: Mapping[str, Any]) -> float:
    """Returns how far a function is from the nearest published unit."""
    return float(record["neighbours"][0]["distance"])


def section(study: Study, known: Mapping[str, Any], level: str) -> list[str]:
    """Returns the lines of a study's section."""
    verifications = study.verifications()
    programs = discovered(verifications, known)
    baseline = verifications[0].baselines(verifications[0].tasks[0])[0]
    name = {entry.name for entry in identify(parse(baseline))} & {"relu", "layer_norm"}
    against = {"relu": "ReLU", "layer_norm": "LayerNorm"}[name.pop()]
    tasks = [(one, task) for one in verifications for task in one.tasks]
    heads = ["", "function", *(f"minus {against}, `{task}`" for _, task in tasks), "nearest published unit"]
    lines = [f"{level} {study.title}", "", *note(study, verifications[0]), picture(study, programs), ""]
    lines += [row(heads), row(["---"] * len(heads))]
    for place, program in enumerate(programs, 1):
        gains = [gain(verification, task, program) for verification, task in tasks]
        lines.append(row([str(place), f"`{simplify(program)}`", *gains, nearest(known[str(program)])]))
    part = verifications[0].part
    return [*lines, "", f"{seeds_of(verifications)}, {part} data; all of it: [the study]({study.page})."]


def note(study: Study, verification: Verification) -> list[str]:
    """Returns the lines of a study's note, with its first function and how far that is from the baseline."""
    best = verification.ranked[0]
    text = study.note.format(best=simplify(best), gain=gain(verification, verification.tasks[0], best))
    return [text, ""] if text else []


def seeds_of(verifications: Sequence[Verification]) -> str:
    """Returns the number of seeds, and the tasks that have another one."""
    first = len(verifications[0].seeds)
    others = [f"{len(one.seeds)} on `{'`, `'.join(one.tasks)}`" for one in verifications if len(one.seeds) != first]
    return ", ".join([f"{first} seeds", *others])


def row(cells: Iterable[str]) -> str:
    """Returns a line of a table."""
    return f"| {' | '.join(cells)} |"


def picture(study: Study, programs: Sequence[Program]) -> str:
    """Returns the line that shows a study's picture: of layers it has the first alone."""
    if programs[0].kind == "layer":
        return f"![The graph of 1: {simplify(programs[0])}](figures/gallery/{study.name}.png)"
    formulas = ", ".join(f"{place}: {simplify(program)}" for place, program in enumerate(programs, 1))
    return f"![{formulas}](figures/gallery/{study.name}.png)"


def gain(verification: Verification, task: str, program: Program) -> str:
    """Returns the difference of a function from the baseline, bold where all of it lies above 0, italic below."""
    found = [one for one in verification.rows if one.task == task and one.program == program]
    if not found:
        return ""
    interval: Interval = found[0].differences[0].simultaneous
    text = f"{interval.estimate:+.4f} [{interval.low:+.4f}, {interval.high:+.4f}]"
    mark = "**" if interval.low > 0 else "*" if interval.high < 0 else ""
    return f"{mark}{text}{mark}"


def nearest(record: Mapping[str, Any]) -> str:
    """Returns the nearest published unit, and how far off it is."""
    return f"{record['neighbours'][0]['unit']}, {100 * distance(record):.1f} %"


def page(known: Mapping[str, Any]) -> str:
    """Returns the page, from the committed results and what is known of each function."""
    found = ["\n".join(section(study, known, "##")) for study in FOUND]
    whole = ["\n".join(section(study, known, "###")) for study in TABLES]
    return "\n\n".join([HEAD, *found, f"#{WHOLE}", *whole]) + "\n"


def draw(study: Study, known: Mapping[str, Any]) -> None:
    """Writes a study's picture: curves with their derivatives, or the graph of the best layer."""
    programs = [simplify(program) for program in discovered(study.verifications(), known)]
    layer = programs[0].kind == "layer"
    figure = draw_graph(programs[0]) if layer else draw_curves({f"{i}": one for i, one in enumerate(programs, 1)})
    _, svg = save(figure, FIGURES / study.name)
    svg.unlink()  # the page shows the other


class Known(dict[str, Any]):
    """What is known of functions; of one that is missing it is computed, and kept in the file."""

    def __missing__(self, formula: str) -> Any:
        self[formula] = novelty(read_program(formula), count=1).to_json()
        NOVELTY.write_text(json.dumps(dict(sorted(self.items())), indent=1) + "\n")
        print(self[formula]["verdict"], flush=True)
        return self[formula]


def main() -> None:
    """Computes what is new, writes the page and draws."""
    known = Known(json.loads(NOVELTY.read_text()) if NOVELTY.exists() else {})
    for study in (*FOUND, *TABLES):
        draw(study, known)
    PAGE.write_text(page(known))
    print(PAGE)


if __name__ == "__main__":
    main()

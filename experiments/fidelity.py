"""Fidelity: a panel of functions trained on every proxy and target; Kendall's tau between their orders.

    python experiments/fidelity.py --out runs/fidelity
    python experiments/fidelity.py --out runs/fidelity --tasks mnist1d-mlp mnist1d-resnet@0.25 --targets mnist5k-resnet
    python experiments/fidelity.py --out runs/fidelity --panel untouched --targets photos-mlp
    python experiments/fidelity.py --out runs/fidelity --publish

`name@0.25` is a task with a quarter of its steps. Every function is trained on each task with each seed at each factor
on the recipe's learning rate; scores are those of validation data. Each (task, rate, seed) is stored as it ends, in
`blocks.jsonl`; the same command goes on after a stop, and blocks of other machines count too: put their files, of any
name that ends in .jsonl, beside it. --publish trains nothing: it writes the tables of the page, and of the package for
the published panel, with the same --tasks, --targets and --rates.

Cost: functions x seeds x rates x seconds a training, `actsearch tasks --measure`; an accelerator trains many seeds at
once, with --seeds-at-once. Expected: a ResNet predicts a larger ResNet at tau 0.65, an MLP on the same data at 0.45;
docs/studies/fidelity.md has all.
"""

import json
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import tyro
from _card import fill_page, machine, say, write_json

from actsearch.analysis import Fidelity, PanelRun, fidelities
from actsearch.catalog import PANELS, UNTOUCHED_TARGET, panel
from actsearch.evaluation import FIDELITY, Engine, fidelity_record, score_programs, use_compilation_cache
from actsearch.language import ActsearchError
from actsearch.tasks import TASKS, Task, get_task

FIRST_SEED = 300
"""Seeds are counted from here; no search and no verification counts to it."""

TARGETS = ("mnist5k-resnet", "text-ffn", "photos-cnn", "digits-resnet")
PAGE = Path(__file__).parents[1] / "docs" / "studies" / "fidelity.md"


def proxies() -> tuple[str, ...]:
    """Returns the names of all tasks of activations but the one that nothing is chosen by."""
    return tuple(name for name in TASKS if name != UNTOUCHED_TARGET and get_task(name).kind == "activation")


@dataclass(frozen=True)
class Settings:
    """What to train.

    Attributes:
      tasks: the proxies, all tasks of activations by default.
      targets: what they are compared with.
      seeds: trainings of each function at each rate.
      rates: factors on the recipe's learning rate; 1 is needed for "equal".
      panel: "published" or "untouched".
      out: directory of the blocks.
      seeds_at_once: seeds that are trained in one call, and stored when it ends.
      engine: as for a search.
      publish: train nothing; write the page's tables, and the package's if the panel is the published one.
    """

    tasks: tuple[str, ...] = ()
    targets: tuple[str, ...] = TARGETS
    seeds: int = 4
    rates: tuple[float, ...] = (1.0, 0.5, 2.0)
    panel: str = "published"
    out: Path = Path("runs/fidelity")
    seeds_at_once: int = 1
    engine: Engine = "auto"
    publish: bool = False


class Block(NamedTuple):
    """A panel's trainings on one task at one rate with one seed; `metrics` has one mapping a function.

    `machine` is when and where they ran, as `_card.machine` has it; empty in blocks older than this field.
    """

    panel: str
    task: str
    digest: str
    rate: float
    seed: int
    seconds: float
    metrics: list[dict[str, float]]
    machine: dict[str, Any] = {}  # noqa: RUF012  (never written to)

    @property
    def key(self) -> tuple[Any, ...]:
        """What was trained."""
        return self[:5]


def main(settings: Settings) -> None:
    """Trains what is missing and prints the taus."""
    targets = available(settings.targets)
    tasks = {**available(settings.tasks or proxies()), **targets}
    if not settings.publish:
        train(tasks, settings)
    blocks = read_blocks(settings.out)
    runs = {name: run for name, task in tasks.items() if (run := panel_run(name, task, blocks, settings)) is not None}
    rows = fidelities(list(runs.values()), [runs[name] for name in targets if name in runs])
    lines = page_tables(rows)
    say("\n".join(lines))
    if settings.publish and rows:
        if settings.panel == "published":  # the one that a search prints
            digests = {name: tasks[name].digest for name in runs}
            write_json(FIDELITY, {"trained_on": machines(blocks)} | fidelity_record(rows, digests))
        fill_page(PAGE, f"{settings.panel} panel of fidelity.py", lines)


def available(names: Iterable[str]) -> dict[str, Task]:
    """Returns the tasks of names, `name@share` for a shorter one, without those whose data are not on this machine."""
    tasks = {}
    for name in names:
        base, _, share = name.partition("@")
        task = get_task(base) if not share else get_task(base).at_fidelity(float(share))
        try:
            task.data()
        except ActsearchError as error:
            say(f"{name} is left out: {error}")
        else:
            tasks[name] = task
    return tasks


def train(tasks: dict[str, Task], settings: Settings) -> None:
    """Trains the blocks that are missing, one task after another, and stores each as it ends."""
    settings.out.mkdir(parents=True, exist_ok=True)
    use_compilation_cache()
    done = {block.key for block in read_blocks(settings.out)}
    seeds = [FIRST_SEED + i for i in range(settings.seeds)]
    for name, task in tasks.items():
        for rate in settings.rates:
            missing = [s for s in seeds if (settings.panel, name, task.digest, rate, s) not in done]
            for first in range(0, len(missing), settings.seeds_at_once):
                store(
                    settings.out, trained(name, task, rate, missing[first : first + settings.seeds_at_once], settings)
                )


def trained(name: str, task: Task, rate: float, seeds: Sequence[int], settings: Settings) -> list[Block]:
    """Trains the panel with some seeds; returns one block a seed."""
    began = time.perf_counter()
    results = score_programs(
        task, panel(settings.panel), seeds, rate_scales=(rate,), engine=settings.engine, report=say
    )
    seconds = (time.perf_counter() - began) / len(seeds)
    say(f"{name}, rate {rate:g}, seeds {', '.join(map(str, seeds))}: {seconds:.0f} s a seed")
    return [
        Block(
            settings.panel,
            name,
            task.digest,
            rate,
            seed,
            seconds,
            [dict(result.metrics[i]) for result in results],
            machine(),
        )
        for i, seed in enumerate(seeds)
    ]


def store(out: Path, blocks: Iterable[Block]) -> None:
    """Appends blocks, on the disk when this returns; a line that a stop tore stays alone."""
    path = out / "blocks.jsonl"
    torn = path.exists() and path.read_bytes()[-1:] not in (b"", b"\n")
    with path.open("a") as file:
        file.write(("\n" if torn else "") + "".join(json.dumps(block._asdict()) + "\n" for block in blocks))
        file.flush()
        os.fsync(file.fileno())


def read_blocks(out: Path) -> list[Block]:
    """Returns the blocks in all files of a directory, each once, without a line that a stop tore."""
    blocks = {}
    for path in sorted(out.glob("*.jsonl")):
        for line in path.read_text().splitlines():
            try:
                block = Block(**json.loads(line))
            except json.JSONDecodeError:
                continue
            blocks.setdefault(block.key, block)
    return list(blocks.values())


def machines(blocks: Iterable[Block]) -> list[dict[str, Any]]:
    """Returns the machines, versions and days that trained blocks, each once."""
    return list({json.dumps(block.machine): block.machine for block in blocks if block.machine}.values())


def panel_run(name: str, task: Task, blocks: Iterable[Block], settings: Settings) -> PanelRun | None:
    """Returns a task's trainings with the seeds that all rates have; None where there are none."""
    by_cell = {
        (block.rate, block.seed): block.metrics
        for block in blocks
        if block[:3] == (settings.panel, name, task.digest) and block.rate in settings.rates
    }
    rates = [rate for rate in settings.rates if any(rate == cell[0] for cell in by_cell)]
    seeds = [s for s in sorted({s for _, s in by_cell}) if all((rate, s) in by_cell for rate in rates)]
    if not seeds:
        return None
    count = len(PANELS[settings.panel])
    trained = {rate: [[by_cell[rate, seed][i] for seed in seeds] for i in range(count)] for rate in rates}
    return PanelRun(name, task.summary, trained)


def page_tables(rows: Sequence[Fidelity]) -> list[str]:
    """Returns Markdown: a table of proxies against targets for each criterion and choice of rates."""
    lines: list[str] = []
    for kind in dict.fromkeys((row.criterion, row.rates) for row in rows):
        chosen = {(row.proxy, row.target): row for row in rows if (row.criterion, row.rates) == kind}
        targets = list(dict.fromkeys(target for _, target in chosen))
        lines += [
            f"**By {kind[0]}, {_RATES[kind[1]]}.**",
            "",
            f"| proxy | seeds | {' | '.join(f'`{t}`' for t in targets)} |",
        ]
        lines.append("|---" * (2 + len(targets)) + "|")
        for proxy in dict.fromkeys(proxy for proxy, _ in chosen):
            row = {target: chosen[proxy, target] for target in targets if (proxy, target) in chosen}
            seeds = max(one.seeds for one in row.values())
            lines.append(f"| `{proxy}` | {seeds} | " + " | ".join(_cell(row.get(t)) for t in targets) + " |")
        lines.append("")
    return lines[:-1]


_RATES = {"equal": "all functions at the recipe's rate", "best": "each function at its best rate"}


def _cell(row: Fidelity | None) -> str:
    if row is None or row.tau.estimate != row.tau.estimate:
        return "-"
    text = f"{row.tau.estimate:.2f} [{row.tau.low:.2f}, {row.tau.high:.2f}]"
    return f"itself: {text}" if row.proxy == row.target else text


if __name__ == "__main__":
    main(tyro.cli(Settings, description=__doc__))

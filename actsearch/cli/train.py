"""`actsearch train`: one network, saved while it is trained."""

from pathlib import Path

from actsearch.cli.common import Formula, Json, explain, print_json, read_unit
from actsearch.evaluation import Part, train_saved
from actsearch.report import Column, render, show
from actsearch.tasks import get_task


def train(
    formula: Formula,
    task: str,
    out: Path,
    seed: int = 0,
    rate_scale: float = 1.0,
    part: Part = "validation",
    every: int | None = None,
    keep: int = 2,
    json: Json = False,
) -> None:
    """Train one network with a formula at its sites, saving it on the way; the same command goes on after a kill.

    Example: actsearch train "x * sigmoid(beta * x)" --task digits-resnet --out runs/swish

    In Python, `actsearch.evaluation.load_candidate("runs/swish").network` is then the trained network.

    Args:
        formula: the activation, layer or gate, or the name of a published one.
        task: what to train on.
        out: the folder of this training alone, made when missing.
        seed: fixes initial weights and batches.
        rate_scale: factor on the task's learning rate.
        part: of the data to measure on.
        every: steps between two saved states; a twentieth of the training when left out.
        keep: how many states stay on disk.
    """
    outcome = train_saved(
        get_task(task),
        read_unit(formula),
        out,
        seed=seed,
        rate_scale=rate_scale,
        part=part,
        every=every,
        keep=keep,
        report=explain,
    )
    if json:
        facts = {"folder": str(out), "part": part, "metrics": outcome.metrics, "train_loss": outcome.train_loss}
        print_json(facts)
        return
    rows = {**outcome.metrics, "loss in training": outcome.train_loss}.items()
    show(render(rows, ("metric", Column("value", ".4f")), f"{task}, {part} data; the network is in {out}"))

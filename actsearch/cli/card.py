"""The commands that tell what a formula is: `actsearch card | novelty`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from actsearch.analysis import Cost
from actsearch.catalog import CATALOG, identify
from actsearch.catalog import novelty as novelty_of
from actsearch.cli.common import Formula, Json, at_least, explain, picture_stem, print_json, read_unit, writing
from actsearch.evaluation import TrainedNetwork, look_inside, measure_costs
from actsearch.evaluation.cost import SHAPE
from actsearch.evaluation.perturbation import FGSM
from actsearch.language import ActsearchError, Program
from actsearch.properties import properties
from actsearch.report import Column, card_tables, draw_curves, render, save, show
from actsearch.report.card import LEGEND
from actsearch.tasks import get_task

_IMAGES = (64, 4, 4, 64)  # for layers: statistics over an image need one


def card(
    formula: Formula,
    task: str | None = None,
    picture: Path | None = None,
    measure: bool = True,
    json: Json = False,
) -> None:
    """Print the property card of a formula or published unit: what it is, untrained, in seconds.

    Range, kinks, slopes, moments and gains, depth, kernels, sparsity, precision and cost of an activation; invariances
    and dependences of a layer; moments of a gate. Parameters have their initial values.

    Example: actsearch card "x * sigmoid(1.702 * x)"

    In a trained network: actsearch card silu --task digits-mlp

    Args:
        formula: the activation, layer or gate, or the name of a published one.
        task: train it on this task too, and print what its outputs are like at each site of the network, the sharpness
            of the minimum, what eight bits and an attack leave of it, and the largest stable learning rate.
        picture: PICTURE.png and PICTURE.svg are the function and its derivative; none when left out.
        measure: measure the cost on this machine too, a second.
    """
    program = read_unit(formula)
    if picture is not None and program.kind != "activation":
        raise ActsearchError(f"{program} is a {program.kind}, which has no curve: leave out --picture.")
    quantities = properties(program)
    names = [entry.name for entry in identify(program)]
    cost = _cost(program) if measure else None
    trained = None if task is None else look_inside(get_task(task), program)
    pictures: list[str] = []
    if picture is not None:
        with writing(picture):
            pictures = [str(path) for path in save(draw_curves({str(program): program}), picture_stem(picture))]
    if json:
        facts = quantities.to_json() | {"known_as": names, "pictures": pictures}
        facts |= {} if cost is None else {"cost_relative_to_relu": cost._asdict()}
        facts |= {} if trained is None else {"trained": _trained_facts(task, trained)}
        print_json(facts)
        return
    print(f"{program}, {_NOUNS[program.kind]}; known as {', '.join(names) or 'nothing: see actsearch novelty'}.")
    if program.parameters:
        initial = ", ".join(f"{name} = {value:g}" for name, value in program.parameters)
        print(f"Trained parameters at their initial values: {initial}.")
    print()
    for table in card_tables(quantities):
        show(table)
    if cost is not None:
        columns = [Column(name, ".2f") for name in ("operations", "bytes", "forward time", "backward time")]
        show(render([tuple(cost)], columns, "cost measured on this machine, over ReLU's"))
    if trained is not None:
        _show_trained(task, trained)
    print(LEGEND)
    if pictures:
        print(f"pictures: {', '.join(pictures)}")


def _trained_facts(task: str | None, trained: TrainedNetwork) -> dict[str, Any]:
    """Returns a trained network as plain data."""
    return {"task": task, **trained._asdict(), "sites": [site._asdict() for site in trained.sites]}


def _show_trained(task: str | None, trained: TrainedNetwork) -> None:
    metrics = _said(trained.metrics)
    columns: list[Column | str] = ["site", Column("nonzero", ".1%"), Column("dead features", ".1%")]
    columns += [Column("effective rank", ".1%"), Column("largest / median", ".3g"), Column("rms", ".3g")]
    show(render(trained.sites, columns, f"outputs in a network trained on {task} with one seed: {metrics}"))
    rows = [
        ("largest eigenvalue of the Hessian (sharpness)", f"{trained.sharpness:.4g}"),
        ("weights and outputs of sites in 8 bits, one scale a tensor", _said(trained.int8)),
        (f"inputs moved by {FGSM:g} of their spread against the loss (FGSM)", _said(trained.fgsm or {})),
        ("largest stable factor on the learning rate", f"{trained.stable_rate:g}"),
    ]
    show(render(rows, ["of the trained network", "value"]))


def _said(metrics: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in metrics.items()) or "-"


_NOUNS = {"activation": "an activation", "layer": "a whole layer", "gate": "a gate of two inputs"}


def _cost(program: Program) -> Cost:
    """Returns the cost of a program's layer relative to that of ReLU."""
    relu, own = measure_costs([CATALOG["relu"].program, program], _IMAGES if program.kind == "layer" else SHAPE)
    return own.relative_to(relu)


def novelty(formula: Formula, among: tuple[str, ...] = (), count: int = 5, json: Json = False) -> None:
    """Tell whether a formula is new: the nearest published units, up to scale and shift of input and output.

    distance is the root mean square of the difference under N(0, 1), over the standard deviation of the formula; slope
    the same of the derivatives; largest the largest difference for |x| <= 5. A distance of 0 is the same function, one
    below 0.003 a numerical rediscovery.

    Example: actsearch novelty "x * sigmoid(1.7 * x)"

    Args:
        formula: the activation, layer or gate, or the name of a published one.
        among: names of units to compare with; the whole catalog when left out.
        count: neighbours to print.
    """
    at_least("--count", count, 1)
    program = read_unit(formula)
    for name in among:
        if name not in CATALOG:
            read_unit(name)
            raise ActsearchError(f"--among takes names of published units; received {name!r}.")
    found = novelty_of(program, {name: CATALOG[name] for name in among or CATALOG}, count)
    if json:
        print_json(found.to_json())
        return
    rows: list[tuple[Any, ...]] = [
        (one.entry.name, one.fit.text(one.entry.name), one.fit.distance, one.fit.slope_distance, one.fit.largest)
        for one in found.neighbours
    ]
    columns: list[Column | str] = ["unit", "nearest form", Column("distance", ".2g"), Column("slope", ".2g")]
    show(
        render(
            rows, [*columns, Column("largest", ".2g")], f"{program}: the nearest of {found.compared} published units"
        )
    )
    print(found.verdict)
    if program.parameters:
        explain("Trained parameters were compared at their initial values.")

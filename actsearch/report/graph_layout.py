"""Where the boxes and arrows of a program's graph go: in layers, data flowing down. For `draw_graph`.

After Sugiyama, Tagawa and Toda (1981): a layer is a longest path from the leaves; an arrow that passes a layer holds a
free place in it, so that no arrow runs through a box; barycentres order each layer, and pull its places together.
"""

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from actsearch.language import Program
from actsearch.report.labels import spread

Place = tuple[int, int]
"""(node, layer): the node's own box, or in a later layer the way of its arrows."""

_SWEEPS = 12


class Layout(NamedTuple):
    """Places of a graph; the output is in the last layer.

    Attributes:
      layers: of the nodes, in their order; 0 is the top.
      x: of the centre of each box, and of each way that arrows take past a layer.
      routes: by (node, position of the operand) the places that its arrow leaves and passes, from the operand on.
    """

    layers: list[int]
    x: dict[Place, float]
    routes: dict[tuple[int, int], list[Place]]


@dataclasses.dataclass(frozen=True)
class _Grid:
    """Places in layers and who is next to whom, before they have coordinates."""

    rows: list[list[Place]]
    above: Mapping[Place, list[Place]]
    below: Mapping[Place, list[Place]]

    def crossings(self) -> int:
        """Returns how many pairs of arrows between adjacent layers cross."""
        total = 0
        for upper, lower in itertools.pairwise(self.rows):
            place = {item: i for i, item in enumerate(upper)}
            ends = np.array([(place[up], i) for i, item in enumerate(lower) for up in self.above[item]])
            if len(ends):
                (up, down) = (ends[:, None, side] - ends[None, :, side] for side in (0, 1))
                total += int((up * down < 0).sum()) // 2
        return total


def layout(program: Program, widths: Sequence[float], gap: float) -> Layout:
    """Returns where to draw the nodes of a program.

    Args:
      program: to draw.
      widths: of the box of each node.
      gap: least distance between neighbours in a layer; half of it next to a passing arrow.
    """
    layers = _layers(program)
    grid, routes = _grid(program, layers)
    grid = min((_ordered(start) for start in _starts(grid, layers)), key=_Grid.crossings)
    sizes = {item: widths[item[0]] if layers[item[0]] == item[1] else 0.0 for row in grid.rows for item in row}
    return Layout(layers, _coordinates(grid, sizes, gap), routes)


def _layers(program: Program) -> list[int]:
    """The longest path from a leaf; parameters and constants wait just above their first user, not at the top."""
    layers = [0] * len(program.nodes)
    for i, node in enumerate(program.nodes):
        layers[i] = 1 + max((layers[arg] for arg in node.args), default=-1)
    for i, node in enumerate(program.nodes):
        users = [layers[j] for j, user in enumerate(program.nodes) if i in user.args]
        if node.op in ("parameter", "scalar", "constant") and users:
            layers[i] = min(users) - 1
    return layers


def _grid(program: Program, layers: Sequence[int]) -> tuple[_Grid, dict[tuple[int, int], list[Place]]]:
    """Places of all nodes, and one way down for all arrows of a node, as far as the last of them needs it."""
    rows: list[list[Place]] = [[] for _ in range(max(layers) + 1)]
    above: dict[Place, list[Place]] = {}
    below: dict[Place, list[Place]] = {}
    routes: dict[tuple[int, int], list[Place]] = {}
    for i, node in enumerate(program.nodes):
        for k, arg in enumerate(node.args):
            routes[i, k] = [(arg, layer) for layer in range(layers[arg], layers[i])]
            steps = [*routes[i, k], (i, layers[i])]
            for one, two in itertools.pairwise(steps):
                if one not in above.setdefault(two, []):
                    above[two].append(one)
                    below.setdefault(one, []).append(two)
    for item in dict.fromkeys([*((i, layer) for i, layer in enumerate(layers)), *above]):
        rows[item[1]].append(item)
        above.setdefault(item, [])
        below.setdefault(item, [])
    return _Grid(rows, above, below), routes


def _starts(grid: _Grid, layers: Sequence[int]) -> Iterator[_Grid]:
    """Yields first orders of the layers: that of the text, and passing arrows on either side."""
    yield grid
    for side in (1, -1):
        rows = [sorted(row, key=lambda item: side * (layers[item[0]] == item[1])) for row in grid.rows]
        yield dataclasses.replace(grid, rows=rows)


def _ordered(grid: _Grid) -> _Grid:
    """Sorts each layer by the mean place of its neighbours, down and up in turn; keeps what crosses least."""
    best, fewest = grid, grid.crossings()
    rows = [list(row) for row in grid.rows]
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        near = grid.above if down else grid.below
        for number in range(1, len(rows)) if down else range(len(rows) - 2, -1, -1):
            beside = rows[number - 1 if down else number + 1]
            place = {item: (i + 0.5) / len(beside) for i, item in enumerate(beside)}
            own = {item: (i + 0.5) / len(rows[number]) for i, item in enumerate(rows[number])}
            rows[number].sort(key=lambda item: _mean([place[other] for other in near[item]], own[item]))
        now = dataclasses.replace(grid, rows=[list(row) for row in rows])
        if (crossings := now.crossings()) < fewest:
            best, fewest = now, crossings
    return best


def _coordinates(grid: _Grid, sizes: Mapping[Place, float], gap: float) -> dict[Place, float]:
    """Pulls each place towards the mean of its neighbours as far as its layer has room; all are at least 0."""
    offsets: dict[Place, float] = {}
    for row in grid.rows:
        least = [0.0]
        for one, two in itertools.pairwise(row):
            between = gap if sizes[one] and sizes[two] else gap / 2
            least.append(least[-1] + (sizes[one] + sizes[two]) / 2 + between)
        offsets |= dict(zip(row, least, strict=True))
    x = dict(offsets)
    for sweep in range(4 * _SWEEPS):
        for row in grid.rows if sweep % 2 == 0 else grid.rows[::-1]:
            # Less the room that the row needs, places must only not fall.
            wanted = [_mean([x[near] for near in grid.above[i] + grid.below[i]], x[i]) - offsets[i] for i in row]
            places = spread(wanted, 0.0, -np.inf, np.inf)
            x |= {item: place + offsets[item] for item, place in zip(row, places, strict=True)}
    left = min(x[item] - sizes[item] / 2 for item in x)
    return {item: place - left for item, place in x.items()}


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise

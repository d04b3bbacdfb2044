"""Labels of pictures: moved apart where they would overlap, shortened where they are long."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from actsearch.report.style import ORANGE


def label_above(axes: Axes, values: Mapping[str, float]) -> None:
    """Marks values on the x axis by lines, and writes their names upright above the axes, moved apart."""
    transform = axes.xaxis.get_transform()
    low, high = transform.transform(axes.get_xlim())
    names = sorted(values, key=lambda name: (values[name], name))
    places = transform.transform(np.array([values[name] for name in names], dtype=np.float64))
    moved = transform.inverted().transform(np.array(spread(list(places), (high - low) / 45, low, high)))
    across = axes.get_xaxis_transform()
    for name, x in zip(names, moved, strict=True):
        line = [values[name], values[name], x, x], [0.0, 1.0, 1.09, 1.11]
        axes.plot(*line, transform=across, color=ORANGE, linewidth=0.9, alpha=0.85, clip_on=False)
        axes.text(x, 1.125, name, transform=across, rotation=90, ha="center", va="bottom", fontsize=8.5)


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Returns places at least `gap` apart and close to the wanted ones.

    Args:
      wanted: ascending.
      gap: least distance of neighbours.
      low: least place, which holds also where there is no room for all.
      high: greatest place, where there is room.

    Example:
      >>> spread([0.1, 0.5, 0.5, 0.9], 0.2, 0.0, 1.0)
      [0.1, 0.4, 0.6, 0.9]
    """
    groups: list[tuple[float, int]] = []  # (centre, members): neighbours that would overlap are centred together
    for place in wanted:
        centre, members = place, 1
        while groups and centre - groups[-1][0] < gap * (members + groups[-1][1]) / 2:
            other, more = groups.pop()
            centre, members = (other * more + centre * members) / (more + members), more + members
        groups.append((centre, members))
    places = [centre + gap * (i - (members - 1) / 2) for centre, members in groups for i in range(members)]
    places = [min(place, high - gap * (len(places) - 1 - i)) for i, place in enumerate(places)]
    return [max(place, low + gap * i) for i, place in enumerate(places)]


def shorten(text: str, most: int = 80) -> str:
    """Returns a text of at most `most` letters, cut in the middle.

    Example:
      >>> shorten("x * sigmoid(beta * x) + tanh(x)", 20)
      'x * sigmo … tanh(x)'
    """
    if len(text) <= most:
        return text
    half = (most - 3) // 2
    return f"{text[: most - 3 - half].rstrip()} … {text[-half:].lstrip()}"

"""The scale of axes that show scores: logarithmic in 1 - score, so that steps near a perfect score can be seen.

A scale of matplotlib, `axes.set_yscale(ScoreScale(0.01))`: artists hold scores, and the axis places them.
"""

from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.scale import FuncTransform, ScaleBase
from matplotlib.ticker import FuncFormatter, Locator, MaxNLocator
from numpy.typing import ArrayLike

from actsearch.language import ActsearchError

SCORE_LABEL = "score (log scale of 1 − score)"  # noqa: RUF001, a minus sign
"""Label of an axis of scores."""

_ROUND = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 1.0)


class ScoreScale(ScaleBase):
    """Scale that places a score s at -log2(1 - s), as long as its error 1 - s is above a threshold.

    Smaller errors are placed linearly: a perfect score lies one halving beyond the threshold, and every number has a
    place, so that an axis may end beyond 1.

    Args:
      threshold: the smallest error that has its logarithm, above 0.

    Example:
      >>> ScoreScale(0.25).places([0.0, 0.5, 0.75, 1.0]).tolist()
      [0.0, 1.0, 2.0, 3.0]
      >>> from matplotlib.figure import Figure
      >>> axes = Figure().subplots()
      >>> axes.set_yscale(ScoreScale(0.01))
      >>> axes.set_ylim(0.85, 0.99)
      (0.85, 0.99)
      >>> axes.get_yticks()
      [0.9, 0.95, 0.98, 0.99]
    """

    name = "score"

    def __init__(self, threshold: float) -> None:
        if not threshold > 0:
            raise ActsearchError(f"The threshold of a ScoreScale is an error above 0; received {threshold}.")
        self.threshold = threshold

    def places(self, scores: ArrayLike) -> np.ndarray:
        """Returns where scores stand, rising by one with each halving of the error; of any shape."""
        errors = 1 - np.asarray(scores, dtype=np.float64)
        linear = 1 - errors / self.threshold - np.log2(self.threshold)
        places: np.ndarray = np.where(errors < self.threshold, linear, 0 - np.log2(np.maximum(errors, self.threshold)))
        return places

    def scores(self, places: ArrayLike) -> np.ndarray:
        """Returns the scores that stand at places, the inverse of `places`; of any shape."""
        edge = -np.log2(self.threshold)
        beyond = np.asarray(places, dtype=np.float64) - edge
        errors: np.ndarray = self.threshold * np.where(beyond > 0, 1 - beyond, np.exp2(-np.minimum(beyond, 0)))
        return 1 - errors

    def get_transform(self) -> FuncTransform:
        """Returns `places` as matplotlib wants it."""
        return FuncTransform(self.places, self.scores)

    def set_default_locators_and_formatters(self, axis: Axis) -> None:
        """Puts ticks at round scores, and writes them without trailing zeros."""
        axis.set_major_locator(ScoreLocator(self))
        axis.set_major_formatter(FuncFormatter(lambda score, _: f"{score:.6g}"))


class ScoreLocator(Locator):
    """Ticks of an axis of scores: round ones, or at equal steps where the range has fewer than four round ones.

    Args:
      scale: of the axis.
    """

    def __init__(self, scale: ScoreScale) -> None:
        self.scale = scale

    def __call__(self) -> list[float]:
        """Returns the ticks of the axis as it is."""
        assert self.axis is not None
        return self.tick_values(*self.axis.get_view_interval())

    def tick_values(self, vmin: float, vmax: float) -> list[float]:
        """Returns the ticks between two scores."""
        low, high = sorted((vmin, vmax))
        round_ticks = self._apart(_ROUND, low, high, gap=1 / 16)
        steps = self._apart(MaxNLocator(6).tick_values(low, high), low, high, gap=1 / 8)
        return steps if len(round_ticks) < 4 <= len(steps) else round_ticks

    def _apart(self, ticks: Iterable[float], low: float, high: float, gap: float) -> list[float]:
        """Returns those of some ticks that fit in a range, a share of it apart; they are closest at the low end."""
        start, end = self.scale.places([low, high])
        chosen: list[float] = []
        for tick in sorted((float(tick) for tick in ticks if low <= tick <= high and 0 <= tick <= 1), reverse=True):
            room = self.scale.places(chosen[-1]) - self.scale.places(tick) if chosen else np.inf
            if room >= gap * (end - start):
                chosen.append(tick)
        return chosen[::-1]


def score_axis(axes: Axes, which: str, scores: np.ndarray) -> None:
    """Makes "x" or "y" an axis of scores, with a grid, and limits a little beyond all that will be drawn.

    Args:
      axes: to change.
      which: "x" or "y".
      scores: [n], within [0, 1]: all that will be drawn.
    """
    errors = 1 - scores[scores < 1]
    scale = ScoreScale(float(errors.min()) if errors.size else 0.5)
    low, high = scale.places([scores.min(), scores.max()])
    margin = 0.05 * (high - low) or 0.5
    limits = scale.scores([low - margin, high + margin])
    if which == "x":
        axes.set_xscale(scale)
        axes.set_xlim(*limits)
    else:
        axes.set_yscale(scale)
        axes.set_ylim(*limits)
    axes.grid(True, axis="x" if which == "x" else "y")

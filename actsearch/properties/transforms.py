"""Transforms: programs made from programs, as papers make one unit from another; `actsearch transform` lists them.

A text is a name and its numbers, `smooth:box:0.5`; what is left out has a default.
"""

import itertools
import math
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from actsearch.language import ActsearchError, Program, parse, simplify
from actsearch.properties.asymptotics import ends
from actsearch.properties.curve import GRID, curve_of
from actsearch.properties.derivatives import jets

_SAME = 1e-9


def transform(program: Program, *steps: str) -> Program:
    """Returns an activation after some transforms, one after another, simplified.

    Args:
      program: an activation; its parameters have their initial values in what reads its kinks.
      steps: such as "smooth:box:0.5", "clip:-1:1"; see TRANSFORMS.

    Raises:
      ActsearchError: an unknown transform, another number of numbers, or a function that it is not for.

    Example:
      >>> from actsearch.language import parse
      >>> transform(parse("relu(x)"), "clip:0:6")
      Program('min(6, max(0, relu(x)))')
      >>> smelu = transform(parse("relu(x)"), "smooth:box:1")  # (x + 1)^2 / 4 for |x| <= 1
      >>> jets(smelu, np.array([-2.0, 0.0, 3.0])).ravel().tolist()
      [0.0, 0.25, 3.0]
    """
    for step in steps:
        curve_of(program)
        program = simplify(parse(_text(program, step)))
    return program


def _text(program: Program, step: str) -> str:
    names = [name for name in TRANSFORMS if step == name or step.startswith(f"{name}:")]
    if not names:
        raise ActsearchError(f"There is no transform {step!r}; write one of {', '.join(TRANSFORMS)}.")
    make, defaults, _ = TRANSFORMS[names[0]]
    texts = step.removeprefix(names[0]).split(":")[1:]
    try:
        given = [float(text) for text in texts]
    except ValueError:
        given = [math.nan]
    if len(given) > len(defaults) or not all(map(math.isfinite, given)):
        usual = ":".join([names[0], *(f"{value:g}" for value in defaults)])
        raise ActsearchError(f"{names[0]} takes up to {len(defaults)} numbers, as in {usual}; received {step!r}.")
    return make(program, *given, *defaults[len(given) :])


def _applied(program: Program, template: str) -> str:
    """Returns the text of a template of `f`, the program's value."""
    *statements, value = str(program).split(";")
    name = _free_name(program, "f_")
    return "; ".join(
        [*(text.strip() for text in statements), f"{name} = {value.strip()}", template.replace("f_", name)]
    )


def _clip(program: Program, low: float, high: float) -> str:
    if not low < high:
        raise ActsearchError(f"clip takes a number and a larger one, as in clip:-1:1; received {low:g} and {high:g}.")
    return _applied(program, f"min(max(f_, {low!r}), {high!r})")


def _soft_threshold(program: Program, threshold: float) -> str:
    if threshold < 0:
        raise ActsearchError(f"soft_threshold takes a number of at least 0; received {threshold:g}.")
    return _applied(program, f"relu(f_ - {threshold!r}) - relu(-f_ - {threshold!r})")


def _expand(program: Program, alpha: float) -> str:
    name = _free_name(program, "a")
    return f"param {name} = {alpha!r}; " + _applied(program, f"f_ + {name} * (2 * f_ - x)")


def _eafo(program: Program, epsilon: float) -> str:
    _pieces_of(program)
    name = _free_name(program, "epsilon")
    return f"scalar {name} = {epsilon!r}; " + _applied(program, f"f_ + {name} * x * exp(-x^2 / 2)")


def _free_name(program: Program, name: str) -> str:
    """Returns a name for a new parameter: the given one, or the first free of its repetitions."""
    taken = dict(program.parameters)
    return next(free for i in range(1, len(taken) + 2) if (free := name * i) not in taken)


def _reflect(program: Program) -> str:
    return re.sub(r"\bx\b", "(-x)", _applied(program, "-f_"))


def _box(program: Program, half_width: float) -> str:
    _positive("smooth:box", half_width)
    b = repr(half_width)
    return _by_kink(program, f"relu({{0}} - {b}) + (min(max({{0}}, -{b}), {b}) + {b})^2 / {4 * half_width!r}")


def _gauss(program: Program, sigma: float) -> str:
    _positive("smooth:gauss", sigma)
    scale, height = 1 / (sigma * math.sqrt(2)), sigma / math.sqrt(2 * math.pi)
    return _by_kink(program, f"0.5 * {{0}} * (1 + erf({scale!r} * {{0}})) + {height!r} * gauss({scale!r} * {{0}})")


_MOST_PIECES = 128
"""A formula of twice as many has more nodes than the language allows."""


def _pieces(program: Program, count: float) -> str:
    if not 2 <= count <= _MOST_PIECES or count != int(count):
        raise ActsearchError(f"pieces takes a whole number of 2 to {_MOST_PIECES}; received {count:g}.")
    knots = np.linspace(-3, 3, int(count) - 1) if count > 2 else np.zeros(1)
    values = jets(program, knots)[0]
    first, last = (_far_slope(program, side) for side in (0, 1))
    slopes = [first, *(np.diff(values) / np.diff(knots)), last]
    return _piecewise(knots, slopes, knots[0], values[0], "relu({0})")


def _far_slope(program: Program, side: int) -> float:
    """Returns the slope of the outermost piece: that of a linear end, else the tangent at +-3."""
    slope = ends(program)[side].slope
    return slope if math.isfinite(slope) else float(jets(program, np.array([(-3.0, 3.0)[side]]), 1)[1, 0])


def _by_kink(program: Program, smooth: str) -> str:
    """Returns a piecewise linear function with a smooth form in the place of each of its kinks' relu."""
    knots, slopes = _pieces_of(program)
    return _piecewise(knots, slopes, float(GRID[0]), float(curve_of(program).rows[0, 0]), smooth)


def _pieces_of(program: Program) -> tuple[np.ndarray, list[float]]:
    """Returns the kinks of a piecewise linear function and the slopes between them.

    Raises:
      ActsearchError: it is not piecewise linear.
    """
    kinks = curve_of(program).kinks
    knots = np.array([kink.x for kink in kinks])
    edges = np.array([-np.inf, *knots, np.inf])
    x, slope = GRID, curve_of(program).rows[1]
    pieces = [slope[(low < x) & (x < high)] for low, high in itertools.pairwise(edges)]
    if any(kink.order != 1 for kink in kinks) or not all(len(row) and np.ptp(row) < _SAME for row in pieces):
        raise ActsearchError(
            f"{program} is not piecewise linear, which this transform is for; write pieces:16 before it."
        )
    return knots, [float(row[0]) for row in pieces]


def _piecewise(knots: np.ndarray, slopes: list[float], start: float, value: float, form: str) -> str:
    """Returns value + slope (x - start) left of all knots, and a multiple of a form of x - knot for each change."""
    first = _short(slopes[0])
    terms = [f"{_short(value - slopes[0] * start)!r} + {first!r} * x"]
    for i, knot in enumerate(knots):
        change = _short(slopes[i + 1] - slopes[i])
        terms.append(f"{change!r} * ({form.format(f'(x - {_short(knot)!r})')})")
    return " + ".join(terms)


def _short(number: float) -> float:
    """Returns a number without the rounding behind its tenth decimal."""
    return round(float(number), 10) + 0.0


def _positive(name: str, number: float) -> None:
    if number <= 0:
        raise ActsearchError(f"{name} takes a width above 0; received {number:g}.")


Transform = tuple[Callable[..., str], tuple[float, ...], str]
"""What makes the text, the numbers' defaults, and what it does."""

TRANSFORMS: Mapping[str, Transform] = MappingProxyType(
    {
        "smooth:box": (_box, (0.5,), "mean over +-0.5 of a piecewise linear function: of relu it is SmeLU"),
        "smooth:gauss": (_gauss, (1.0,), "mean under N(x, 1) of a piecewise linear function: of leaky_relu it is SAU"),
        "pieces": (_pieces, (8.0,), "piecewise linear with 8 pieces, knots evenly within +-3; of 2 it is at 0"),
        "clip": (_clip, (-1.0, 1.0), "min(max(f, -1), 1)"),
        "reflect": (_reflect, (), "-f(-x)"),
        "soft_threshold": (_soft_threshold, (0.5,), "relu(f - 0.5) - relu(-f - 0.5)"),
        "eafo": (_eafo, (0.01,), "f + e x exp(-x^2 / 2) with trained e, for piecewise linear f: of relu it is CRReLU"),
        "expand": (_expand, (0.0,), "x g to x ((1 + 2 a) g - a) with trained a from 0: of gelu it is xGELU"),
    }
)
"""Name -> transform. Sources: Shamir, Lin and Coviello 2020, 'Smooth activations and reproducibility in deep networks'
(SmeLU); Biswas et al. 2021, 'SAU: Smooth activation function using convolution with approximate identities'; Huang
2024, 'Expanded Gating Ranges'; Sun et al. 2024, 'A Method on Searching Better Activation Functions' (EAFO, CRReLU).

EAFO's correction, derived here from the paper's functional: with the inverse y of f and the density p of N(0, 1), the
entropy of the outputs -int p(y) y' log(p(y) y') falls fastest along -(p'(y) y' + p(y) y'' / y'). Where f is linear this
is x p(x) over the slope, which the trained e absorbs; as in CRReLU it goes over the whole line, where f is constant
too. Of curved f, y'' does not vanish, and there is no such form: write pieces before it."""

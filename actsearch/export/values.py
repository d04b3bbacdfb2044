"""Trained values of a candidate, by the names that they have in an exported module."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from actsearch.export.exporting import TARGETS
from actsearch.export.module import module
from actsearch.export.subject import Subject
from actsearch.language import ActsearchError, Program


def trained_values(
    program: Program, target: str, parameters: Mapping[str, ArrayLike], statistics: ArrayLike | None = None
) -> dict[str, np.ndarray]:
    """Returns trained parameters and moving averages by their names in an exported module.

    Args:
      program: what was exported.
      target: torch, flax, linen or equinox; their names differ where a library reserves one.
      parameters: value of each by name, as `actsearch.Layer.parameters` has them: [channels], or a single one.
      statistics: moving averages [averages, channels], as `actsearch.Layer.statistics` has them; None where there are
        none.

    Returns:
      Arrays by name. Those of torch are a state dict, for `unit.load_state_dict({name: torch.from_numpy(value) ...})`.

    Raises:
      ActsearchError: a parameter or an average is missing, or is one too many.

    Example:
      >>> from actsearch import Layer, parse
      >>> program = parse("x / batch_std(x) * gamma")
      >>> layer = Layer(program, num_features=2)
      >>> trained_values(program, "torch", layer.parameters, layer.statistics)
      {'gamma': array([1., 1.], dtype=float32), 'running_var': array([1., 1.], dtype=float32)}
    """
    dialect = TARGETS[target].dialect if target in TARGETS else None
    if dialect is None or dialect.statistics is None or dialect.statistics.average is None:
        raise ActsearchError(f"Trained values go into modules of flax, linen, equinox or torch; received {target!r}.")
    one = module(Subject(program, program.kind, ()), dialect)
    given, names = set(parameters), dict(zip(dict(program.parameters), one.parameters, strict=True))
    if given != names.keys():
        raise ActsearchError(f"{program} has the parameters {sorted(names)}; received {sorted(given)}.")
    averages = np.zeros((0, 1)) if statistics is None else np.asarray(statistics)
    if len(averages) != len(one.body.averages):
        raise ActsearchError(f"{program} has {len(one.body.averages)} moving averages; received {len(averages)}.")
    values = {safe: np.asarray(parameters[name]) for name, safe in names.items()}
    return values | {average.name: value for average, value in zip(one.body.averages, averages, strict=True)}

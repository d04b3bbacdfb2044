"""Identities of many programs of one template at once: what `identity` says of each, several times as fast."""

import functools
import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from actsearch.engine.batch import evaluate_batch
from actsearch.engine.fingerprint_v2 import Identity, identify, identity
from actsearch.engine.probe import probe_tensors
from actsearch.engine.settings import MAX_ORDERS, Setting, Start, first_settings, numbers, orders, settings_of, starts
from actsearch.language import Program
from actsearch.spaces.template import Template


def identities(template: Template, choices: Sequence[Sequence[int]] | np.ndarray) -> list[Identity]:
    """Returns the identity, by version 2, of each program of a template.

    Args:
      template: of a space.
      choices: legal choice vectors, integers [programs, decisions].

    Example:
      >>> from actsearch.spaces import swish
      >>> first, second = identities(swish().template, [(0, 18, 1), (18, 18, 1)])  # x * relu(x), relu(x)^2
      >>> first == second
      True
    """
    table = np.asarray(choices, np.int32).reshape(len(choices), len(template.decisions))
    programs = [template.decode(row) for row in table.tolist()]
    settings = _settings(template)
    if not settings:
        return [identity(program) for program in programs]
    inputs = [np.concatenate([probe_tensors(name)] * len(settings)) for name in template.inputs]
    outputs = evaluate_batch(template, table, inputs, np.repeat(numbers(settings), 2, axis=0))
    rows = outputs.reshape(len(table), len(settings), *probe_tensors().shape)
    return [_identify(template, program, row) for program, row in zip(programs, rows, strict=True)]


def _identify(template: Template, program: Program, rows: np.ndarray) -> Identity:
    places = _places(template, tuple(template.places(program)))

    def outputs(settings: Sequence[Setting]) -> np.ndarray:
        chosen: np.ndarray = rows[[places[setting] for setting in settings]]
        return chosen

    return identify(starts(program), outputs)


@functools.lru_cache(maxsize=8)
def _settings(template: Template) -> tuple[Setting, ...]:
    """Returns every setting that an identity may ask for; none where they are too many for one loop."""
    initials = [initial for _, initial in template.parameters]
    begin = [Start(initial, is_shared) for initial, is_shared in zip(initials, template.shared, strict=True)]
    if math.prod(map(math.factorial, Counter(begin).values())) > MAX_ORDERS:
        return ()
    every = orders(begin, [True] * len(begin))
    pairs = (setting for ranks in every for setting in settings_of(begin, ranks))
    return tuple(dict.fromkeys([*first_settings(begin), *pairs]))


@functools.lru_cache(maxsize=256)
def _places(template: Template, own: tuple[int, ...]) -> dict[Setting, int]:
    """Returns the places in `_settings` by the values of a program's own parameters: the others do not matter."""
    return {tuple(setting[i] for i in own): place for place, setting in enumerate(_settings(template))}

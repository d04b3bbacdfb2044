"""Gates: tests that stop a candidate before it costs a whole evaluation. A stopped candidate is a value, no exception.

A gate is one row of `GATES`, and the rows are tried in their order. Those that stand before training look at the
program alone; those after it look at what a measurement on the first seed's network gave. The gates of layers follow
Liu et al. 2020 (Evolving normalization-activation layers), section 3.3.
"""

import dataclasses
import functools
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np

from actsearch.engine import Identity, NormSettings
from actsearch.engine import identity as identity_of
from actsearch.engine.formula import evaluate_layer
from actsearch.engine.probe import evaluate_on, tensor_probe
from actsearch.evaluation.compiled_jobs import Measure
from actsearch.evaluation.one_training import Outcome, train
from actsearch.evaluation.stability import LIMIT, Stability, ascend
from actsearch.language import ActsearchError, Program
from actsearch.language.code import code_digest
from actsearch.tasks import Kind, Task

SCALES = (1e-3, 1e3)
"""Bounds of the root mean square of a layer's output on normal tensors of unit scale, at its initial parameters."""


@dataclasses.dataclass(frozen=True)
class Screened:
    """A candidate as the gates before training see it.

    Attributes:
      program: what it computes.
      kind: what the sites take.
    """

    program: Program
    kind: Kind = "activation"

    @functools.cached_property
    def identity(self) -> Identity:
        """Fingerprint and finiteness of the program, computed when first asked for."""
        return identity_of(self.program)


@dataclasses.dataclass(frozen=True)
class Gate:
    """One gate.

    Attributes:
      name: stands in `Trial.gate`.
      test: returns the reason to reject a candidate, "" to let it pass. Before training it is called with a `Screened`;
        after it with the task and the results of `measure`, one a seed.
      summary: what it demands, for people.
      kinds: of candidates that it is for.
      measure: None for a gate before training; `train` for one that looks at the outcomes of training, on every task;
        another measurement of a `Training`, such as `ascend`, for one that is run on the first task.

    Example:
      >>> from actsearch.language import parse
      >>> short = Gate("short", lambda c: "" if len(c.program.nodes) < 6 else "too long", "has at most 5 nodes")
      >>> screen(parse("x * x * x * x * x * x"), [*gates_of("activation"), short])[1:]
      ('short', 'too long')
    """

    name: str
    test: Callable[..., str]
    summary: str
    kinds: tuple[Kind, ...] = get_args(Kind)
    measure: Measure | None = None

    @property
    def identity(self) -> str:
        """Its name, with a digest of what it does where it is none of the package's."""
        return self.name if self in _PACKAGE_GATES else f"{self.name} {code_digest((self.test, self.measure))}"

    @property
    def stage(self) -> Literal["before", "after"]:
        """Whether it is tried before or after training."""
        return "before" if self.measure is None else "after"


class Verdict(NamedTuple):
    """What the gates before training say of a program.

    Attributes:
      fingerprint: functional identity; empty where the program could not be evaluated.
      gate: the one that rejects it; empty where it passes.
      note: why, for people.
    """

    fingerprint: str
    gate: str = ""
    note: str = ""


def screen(program: Program, gates: Iterable[Gate], kind: Kind = "activation") -> Verdict:
    """Returns the verdict of the gates before training; the first that rejects ends it.

    Args:
      program: the candidate.
      gates: to try, after "shape".
      kind: what the sites take.

    Example:
      >>> from actsearch.language import parse
      >>> screen(parse("log(x)"), gates_of("activation")).gate
      'finite'
    """
    screened = Screened(program, kind)
    for gate in [GATES["shape"], *gates]:
        if gate.stage == "before" and (note := gate.test(screened)):
            return Verdict("" if gate.name == "shape" else screened.identity.fingerprint, gate.name, note)
    return Verdict(screened.identity.fingerprint)


def gates_of(kind: Kind) -> tuple[Gate, ...]:
    """Returns the registered gates of a kind of candidates, in their order.

    Example:
      >>> [gate.name for gate in gates_of("layer")]
      ['shape', 'input', 'scale', 'quality', 'stability']
    """
    return tuple(gate for gate in GATES.values() if kind in gate.kinds)


def get_gates(gates: Iterable[Gate | str]) -> tuple[Gate, ...]:
    """Returns gates by name; a Gate is taken as it is.

    Raises:
      ActsearchError: an unknown name.
    """
    rows = []
    for gate in gates:
        if isinstance(gate, str) and gate not in GATES:
            raise ActsearchError(f"Unknown gate {gate!r}; write one of {', '.join(GATES)}.")
        rows.append(GATES[gate] if isinstance(gate, str) else gate)
    return tuple(rows)


def register(gate: Gate) -> Gate:
    """Adds a gate to `GATES`, behind those of its stage; every later evaluator of its kinds tries it.

    Raises:
      ActsearchError: the name is taken, or is no word.
    """
    if not gate.name.isidentifier() or gate.name in GATES or gate.name == "duplicate":
        raise ActsearchError(f"A gate needs a new name of one word; received {gate.name!r}.")
    _GATES[gate.name] = gate
    return gate


def _shape(candidate: Screened) -> str:
    program = candidate.program
    read = ", ".join(sorted(program.inputs))
    if candidate.kind == "gate" and read != "x, y":
        return f"a gate reads x and y; {program} reads {read or 'neither'}"
    if candidate.kind != "gate" and "y" in program.inputs:
        return f"a candidate reads x alone; {program} reads {read}"
    try:
        candidate.identity  # noqa: B018, evaluates the program
    except (TypeError, ValueError, KeyError) as error:
        return str(error) or type(error).__name__
    return ""


def _finite(candidate: Screened) -> str:
    return "" if candidate.identity.finite else "NaN or infinite within the probe"


def _input(candidate: Screened) -> str:
    return "" if depends_on_input(candidate.program) else "the output does not change with every input"


def _scale(candidate: Screened) -> str:
    return "" if scale_is_sane(candidate.program) else "overflows, or loses a signal of unit scale"


def _quality(task: Task, outcomes: Sequence[Outcome]) -> str:
    if task.quality is None:
        return ""
    steps, metric, minimum = task.quality
    early = [float(outcome.early) for outcome in outcomes if outcome.early is not None]
    failed = [value for value in early if not value >= minimum]
    return f"{metric} {min(failed):.3f} on {task.name} after {steps} steps" if failed else ""


def _stability(task: Task, results: Sequence[Stability]) -> str:
    norm = max(float(result.gradient) for result in results)
    return "" if norm <= LIMIT else f"gradient norm {norm:.1e} on {task.name} while ascending"


def depends_on_input(program: Program) -> bool:
    """Returns whether a layer's output changes with its input, a gate's with each of its two, at generic parameters.

    It is asked of evaluation, where batch statistics are constants: the second tensor meets those of the first.
    """
    return all(_depends_on(program, name) for name in program.arguments)


def _depends_on(program: Program, name: str) -> bool:
    if name not in program.inputs:
        return False
    values = {name: 0.6 + 0.1 * i for i, (name, _) in enumerate(program.parameters)}
    first = {"x": tensor_probe(), "y": tensor_probe(seed=2)}
    second = {**first, name: 1.5 * tensor_probe()[::-1, ::-1] + 0.25}
    if program.batch_reductions:
        one, other = _with_frozen_statistics(program, (first, second), values)
    else:
        one, other = (evaluate_on(program, tensors["x"], values, tensors["y"]) for tensors in (first, second))
    return not np.allclose(one, other, rtol=1e-6, atol=1e-9, equal_nan=True)


def _with_frozen_statistics(
    program: Program, inputs: tuple[Mapping[str, np.ndarray], Mapping[str, np.ndarray]], values: Mapping[str, float]
) -> tuple[np.ndarray, np.ndarray]:
    with jax.enable_x64(True):
        first, second = ({name: jnp.asarray(x, jnp.float64) for name, x in tensors.items()} for tensors in inputs)
        parameters = {name: jnp.float64(value) for name, value in values.items()}
        settings = NormSettings(groups=2)
        one, moments = evaluate_layer(program, first, parameters, None, settings)
        other, _ = evaluate_layer(program, second, parameters, moments, settings)
        return np.asarray(one), np.asarray(other)


def scale_is_sane(program: Program) -> bool:
    """Returns whether a layer, as it starts training, neither overflows nor loses a signal of unit scale.

    On the tensor probe, brought to zero mean and unit variance, the root mean square of the output lies within SCALES;
    on ten times the probe the output is finite in float32.
    """
    x = (tensor_probe() - tensor_probe().mean()) / tensor_probe().std()
    low, high = SCALES
    unit, tenfold = (evaluate_on(program, factor * x, dict(program.parameters)) for factor in (1, 10))
    if not np.isfinite(unit).all() or not (np.abs(tenfold) < np.finfo(np.float32).max).all():
        return False
    return bool(low <= np.sqrt(np.mean(np.square(unit))) <= high)


_GATES = {
    gate.name: gate
    for gate in (
        Gate("shape", _shape, "can be evaluated, and reads x alone, or x and y in a gate"),
        Gate("finite", _finite, "is finite within +-5", ("activation", "gate")),
        Gate("input", _input, "depends on its input, a gate on both", ("layer", "gate")),
        Gate("scale", _scale, "keeps a signal of unit scale within 1e-3 and 1e3", ("layer",)),
        Gate("quality", _quality, "reaches the minimum of the task's early metric", ("layer",), train),
        Gate("stability", _stability, f"has gradients below {LIMIT:.0e} while ascending on them", ("layer",), ascend),
    )
}

_PACKAGE_GATES = tuple(_GATES.values())

GATES: Mapping[str, Gate] = types.MappingProxyType(_GATES)
"""Every gate by name, in the order in which they are tried; `register` adds one."""

"""The choice of engine: one compilation for all programs, or one for each."""

from typing import Literal, get_args

from actsearch.language import ActsearchError
from actsearch.tasks import Kind

Engine = Literal["auto", "interpret", "specialize", "bank"]
"""How programs are run: as data of one compiled function, each compiled as its own formula, several formulas side by
side in one compiled network, or whichever pays."""

BANK = 32
"""Programs in a bank."""

COMPILATIONS = 3
"""The interpreter compiles about as long as so many specialised trainings do."""

CROSSOVER: dict[Kind, int] = {"activation": 13_800, "layer": 12_900, "gate": 13_800}
"""Steps of training in which the interpreter loses what a specialised compilation takes; experiments/benchmarks.

That of gates, which run as activations do, was not measured."""


def choose_engine(
    engine: Engine, programs: int, steps: int = 0, kind: Kind = "activation"
) -> tuple[Literal["interpret", "specialize", "bank"], str]:
    """Returns the engine to use, and one line that says why.

    The interpreter compiles once, for as long as COMPILATIONS specialised trainings take to compile, and each of its
    steps is slower, so that after CROSSOVER steps a candidate would have been better compiled on its own. It pays while
    steps < CROSSOVER * (1 - COMPILATIONS / programs).

    Args:
      engine: "auto", or one of the three by name.
      programs: how many will be trained.
      steps: of one training.
      kind: what they are; the interpretation of whole layers costs more.

    Raises:
      ActsearchError: an unknown engine.
    """
    if engine not in get_args(Engine):
        raise ActsearchError(f"engine is one of {', '.join(get_args(Engine))}; received {engine!r}.")
    if engine != "auto":
        return engine, f"engine: {engine} (as given)"
    if programs <= COMPILATIONS:
        return "specialize", f"engine: specialize ({programs} to compile, fewer than the interpreter pays for)"
    most = CROSSOVER[kind] * (1 - COMPILATIONS / programs)
    if steps < most:
        return "interpret", f"engine: interpret (one compilation instead of {programs:,})"
    return "specialize", f"engine: specialize (compiling pays from {most:,.0f} steps on; these are {steps:,})"

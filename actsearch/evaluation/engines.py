"""The choice of engine: one compilation for all programs, one for each, or one for a bank of them."""

from typing import Literal, NamedTuple, get_args

from actsearch.language import ActsearchError
from actsearch.tasks import Kind

Engine = Literal["auto", "interpret", "specialize", "bank"]
"""How programs are run: as data of one compiled function, each compiled as its own formula, several formulas in one
compiled network, or whichever pays."""

Chosen = Literal["interpret", "specialize", "bank"]

BANK = 32
"""Programs in a bank."""

FEW = 3
"""Programs that are compiled one by one: banks and the interpreter save little, and their results are rounded alike."""


class Costs(NamedTuple):
    """What the engines cost on one CPU core, by `experiments/benchmarks/bank.py`.

    Times are multiples: of compiling one specialised training, and of one of its steps.

    Attributes:
      compile_steps: steps that a specialised program trains in the time that it takes to compile.
      interpreter: compilation of the interpreter.
      interpreted_step: a step of the interpreter.
      program: what each program adds to the compilation of a bank, the network being compiled once.
      bank_step: a step in a bank.
    """

    compile_steps: float
    interpreter: float
    interpreted_step: float
    program: float
    bank_step: float

    def parts(self, programs: int) -> dict[Chosen, tuple[float, float]]:
        """Returns what a candidate compiles, and what a step of it takes, by engine."""
        return {
            "interpret": (self.interpreter / programs, self.interpreted_step),
            "bank": (1 / min(programs, BANK) + self.program, self.bank_step),
            "specialize": (1.0, 1.0),
        }

    def each(self, programs: int, steps: int) -> dict[Chosen, float]:
        """Returns what a candidate costs by engine, in compilations of a specialised training."""
        length = steps / self.compile_steps
        return {engine: compiled + step * length for engine, (compiled, step) in self.parts(programs).items()}


COSTS: dict[Kind, Costs] = {
    "activation": Costs(9260, 3.5, 1.30, 0.08, 1.33),
    "layer": Costs(7320, 3.6, 1.68, 0.11, 0.94),
    "gate": Costs(610, 1.8, 1.0, 0.044, 1.06),
}
"""The costs of each kind of program: of activations on digits-mlp, of layers on digits-resnet-layer, of gates on
text-gate, where the three interpreted programs took 0.93 of the specialised ones' time, counted as 1: a search of gates
is interpreted at every length."""


def choose_engine(
    engine: Engine,
    programs: int,
    steps: int = 0,
    kind: Kind = "activation",
    *,
    platform: str = "cpu",
    listed: bool = False,
) -> tuple[Chosen, str]:
    """Returns the engine to use, and one line that says why.

    On a CPU it is the one of the least `Costs.each`, but not the interpreter for a list, whose programs have no space
    that could be compiled at once, and not a bank for a search that would not fill one. On an accelerator it is the
    interpreter, which trains candidates side by side there: a bank was not measured on one.

    Args:
      engine: "auto", or one of the three by name.
      programs: how many will be trained.
      steps: of one training.
      kind: what they are; the interpretation of whole layers costs more.
      platform: of the devices, as JAX names it.
      listed: whether the programs are a list, given at once.

    Raises:
      ActsearchError: an unknown engine.

    Example:
      >>> choose_engine("auto", 2)
      ('specialize', 'engine: specialize (2 to compile)')
    """
    if engine not in get_args(Engine):
        raise ActsearchError(f"engine is one of {', '.join(get_args(Engine))}; received {engine!r}.")
    if engine != "auto":
        return engine, f"engine: {engine} (as given)"
    if programs <= FEW:
        return "specialize", f"engine: specialize ({programs} to compile)"
    if platform != "cpu":
        return "interpret", f"engine: interpret (one compilation; the {platform} trains candidates side by side)"
    costs = COSTS[kind].each(programs, steps)
    if listed:
        del costs["interpret"]
    elif programs <= BANK:
        del costs["bank"]
    chosen = min(costs, key=costs.__getitem__)
    others = ", ".join(f"{name}: {costs[name] / costs[chosen]:.1f}" for name in costs if name != chosen)
    reasons = {
        "interpret": f"one compilation instead of {programs:,}",
        "bank": f"one compilation for {min(programs, BANK)} programs",
        "specialize": f"compiling pays for {steps:,} steps",
    }
    return chosen, f"engine: {chosen} ({reasons[chosen]}; {others} times as long)"

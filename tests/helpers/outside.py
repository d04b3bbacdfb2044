"""Not a test: a user's own program, which adds one of each component through the public API alone.

python -m tests.helpers.outside DIRECTORY
"""

import dataclasses
import functools
import sys
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

import actsearch
from actsearch import catalog, controllers, evaluation, language, properties, spaces, tasks, trials
from actsearch.archive.frames import to_jsonl
from actsearch.cli import main

# A primitive: one row.
language.register(language.Primitive("log1p_abs", 1, lambda x: jnp.log1p(jnp.abs(x))))


# A published unit: one row.
catalog.register("logabs", "x * log1p_abs(x)", "this file, 2026", source="its definition")


# A space: one function.
def hinges():
    space = spaces.custom(["x", "relu", "tanh", "log1p_abs"], ["*", "max", "+"])
    return dataclasses.replace(space, name="hinges")


spaces.register("hinges", hinges)
SPACE = spaces.get_space("hinges")


# A gate: one row.
def no_sum(candidate):
    return "" if str(candidate.program) != "relu(x) + tanh(x)" else "a sum"


evaluation.register(evaluation.Gate("no_sum", no_sum, "is not relu(x) + tanh(x)", kinds=("activation",)))


# A property: one row.
properties.register("letters", lambda program: len(str(program)), "letters of the formula")


# A controller: one file.
class State(NamedTuple):
    asked: int = 0


@controllers.register
@dataclasses.dataclass(frozen=True)
class Backwards(controllers.Controller[State]):
    """Every genotype, the last one first.

    Args:
      start: place from the end to begin with.
    """

    name = "backwards"
    start: int = 0

    def init(self, space, seed):
        return State(self.start)

    def ask(self, space, state, n):
        places = range(state.asked, min(state.asked + n, space.count()))
        genotypes = [space.at(space.count() - 1 - place) for place in places]
        proposals = [trials.Proposal(space.decode(genotype), genotype) for genotype in genotypes]
        return proposals, State(state.asked + len(proposals))

    def tell(self, space, state, trials):
        return state


# A task: one file. Regression of a sine, with another optimiser, float data and a loss of its own.
class Net(nnx.Module):
    def __init__(self, layer, rngs):
        self.first, self.unit, self.last = nnx.Linear(1, 8, rngs=rngs), layer(8), nnx.Linear(8, 1, rngs=rngs)

    def __call__(self, x):
        return self.last(self.unit(self.first(x)))


@functools.cache
def sine():
    x = np.linspace(-3, 3, 192, dtype=np.float32)[:, None]
    parts = [(x[i::3], np.sin(x[i::3])) for i in range(3)]
    return tasks.Data(*parts)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sine(tasks.Task):
    """A sine fitted by a small network."""

    rate: float = 0.01

    def data(self):
        return sine()

    def init(self, layer, key):
        return Net(layer, nnx.Rngs(params=key))

    def optimizer(self, rate_scale=1.0):
        return optax.adam(self.rate * rate_scale)

    def loss(self, network, batch, key=None):
        x, y = batch
        return jnp.mean(jnp.square(network(x) - y))

    def metrics(self, network, examples):
        return {"mse": self.loss(network, examples)}

    def score(self, metrics):
        return float(np.exp(-metrics["mse"]))


tasks.register("sine", lambda: Sine(name="sine", steps=30, batch_size=16))


# An evaluator: one class.
class Length:
    """Scores a program by the length of its text: the shorter the better."""

    identity: ClassVar = {"kind": "length"}
    summary = "engine: none"

    def begin(self, known):
        self.remember(known)

    def remember(self, known):
        pass

    def evaluate(self, proposals, start):
        rows = enumerate(proposals, start)
        return [
            trials.Trial(i, row.program, str(row.program), "ok", 1 / len(str(row.program)), genotype=row.genotype)
            for i, row in rows
        ]


def run(directory):
    """Searches with all of them, by object and by name, and on the command line."""
    shortest = actsearch.search(SPACE, Length(), Backwards(start=4), SPACE.count() - 4, out=directory + "/length")
    assert min(shortest.trials, key=lambda trial: -trial.score).score == shortest.incumbent.mean
    trained = actsearch.search(SPACE, "sine", "backwards", SPACE.count(), out=directory + "/sine")
    stages = {trial.stage for trial in trained.trials}
    assert "rejected:no_sum" in stages, stages
    best = max((trial for trial in trained.trials if trial.status == "ok"), key=lambda trial: trial.score)
    assert 0 < best.score <= 1
    assert any("log1p_abs" in str(trial.program) for trial in trained.trials if trial.status == "ok")
    half = SPACE.count() // 2
    for budget in (half, SPACE.count()):
        resumed = actsearch.search("hinges", "sine", "backwards", budget, out=directory + "/resumed")
    assert list(to_jsonl(resumed.trials)) == list(to_jsonl(trained.trials))
    command = ["search", "--space", "hinges", "--task", "sine", "--budget", "8", "--out", directory + "/cli"]
    command += ["--objectives", "score,-letters"]
    assert main([*command, "controller:backwards", "--controller.start", "2"]) == 0
    assert main(["score", "log1p_abs(x)", "--task", "sine", "--seeds", "2"]) == 0
    assert [unit.name for unit in catalog.find("this file 2026")] == ["logabs"]
    assert [unit.name for unit in catalog.identify(actsearch.parse("log1p_abs(x) * x"))] == ["logabs"]
    assert main(["catalog", "logabs"]) == 0
    verification = actsearch.verify([best.program], [tasks.get_task("sine")], 2)
    assert verification.to_json()
    assert jax.default_backend()


if __name__ == "__main__":
    run(sys.argv[1])

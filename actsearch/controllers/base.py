"""The contract of controllers, and what several of them share. One paper, one file; `register` makes it known.

A controller proposes programs of a space and learns from trials. It never trains anything. Its fields are the
hyperparameters, its state is a NamedTuple of numbers and arrays, and its three methods change nothing that they are
given, so that a search can be repeated or resumed exactly. A complete one, hill climbing with restarts:

>>> import dataclasses
>>> from typing import NamedTuple
>>> import numpy as np
>>> from actsearch.controllers.base import Controller, check_probability, propose, require_decisions, with_choices
>>> class State(NamedTuple):
...     seed: int
...     asked: int = 0
...     best: np.ndarray | None = None  # choices, int32 [decisions]
...     score: float = -1.0
>>> @dataclasses.dataclass(frozen=True)
... class HillClimbing(Controller[State]):
...     '''Proposes mutations of the best program so far.
...
...     Args:
...       restart: probability of a random program instead.
...     '''
...
...     name = "hill_climbing"
...     restart: float = 0.2
...
...     def __post_init__(self):
...         check_probability("restart", self.restart)
...
...     def init(self, space, seed):
...         require_decisions(self.name, space)
...         return State(seed)
...
...     def ask(self, space, state, n):
...         numbers = range(state.asked, state.asked + n)
...         return [self.next(space, state, number) for number in numbers], state._replace(asked=state.asked + n)
...
...     def next(self, space, state, number):
...         rng = np.random.default_rng((state.seed, number))
...         if state.best is None or rng.random() < self.restart:
...             return propose(space, space.sample(rng))
...         return propose(space, space.mutate(space.genotype(state.best.tolist()), rng))
...
...     def tell(self, space, state, trials):
...         for trial, choices in with_choices(space, trials):
...             if trial.score is not None and trial.score > state.score:
...                 state = state._replace(best=np.array(choices, np.int32), score=trial.score)
...         return state

It searches as it is, `actsearch.search(controller=HillClimbing(restart=0.1))`; after `register(HillClimbing)` its name
does too, and the command line has a flag for each field. By hand:

>>> from actsearch.spaces import swish
>>> from actsearch.trials import Trial
>>> controller, space = HillClimbing(restart=0.1), swish()
>>> proposals, state = controller.ask(space, controller.init(space, seed=0), 2)
>>> trials = [Trial(i, p.program, "", "ok", 0.5 + i / 10, genotype=p.genotype) for i, p in enumerate(proposals)]
>>> state = controller.tell(space, state, trials)
>>> space.genotype(state.best.tolist()) == proposals[1].genotype
True
>>> controller.config()
{'name': 'hill_climbing', 'restart': 0.1}
"""

import abc
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar

import jax
import numpy as np
from numpy.typing import NDArray

from actsearch.language import ActsearchError
from actsearch.language.code import code_digest
from actsearch.spaces import Genotype, Space
from actsearch.trials.trial import Proposal, Trial

State = TypeVar("State")
Rows = TypeVar("Rows", bound=tuple[Any, ...])

Bools: TypeAlias = NDArray[np.bool_]
Choices: TypeAlias = NDArray[np.int32]
Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]


class Controller(abc.ABC, Generic[State]):
    """A search strategy: a frozen dataclass whose fields are the hyperparameters.

    The state is a NamedTuple of ints, floats, None, NumPy and JAX arrays, and NamedTuples, tuples or lists of these.
    What grows is an array, not a list: `actsearch.archive.checkpoint` saves a state with `flax.serialization` and
    restores it into one from `init`. Random numbers come from `np.random.default_rng((seed, stream, count))`, so that
    a counter is all that has to be kept. `init`, `ask` and `tell` leave what they are given as it was.

    Attributes:
      name: its id.
    """

    name: ClassVar[str]

    def min_budget(self) -> int:
        """Returns the smallest number of trials with which it does anything but start."""
        return 1

    def config(self) -> dict[str, Any]:
        """Returns its name and hyperparameters as JSON can hold them; they go into the archive.

        A controller inside becomes its own configuration, an object that JSON cannot hold its `repr`, and a function or
        an object without a `repr` of its own its type and a digest of its code.

        Raises:
          ActsearchError: an object that is known by its place in memory alone: a run with it could not be resumed.
        """
        fields = dataclasses.fields(self)  # type: ignore[arg-type]  # subclasses are dataclasses
        return {"name": self.name} | {field.name: _plain(getattr(self, field.name)) for field in fields}

    @abc.abstractmethod
    def init(self, space: Space, seed: int) -> State:
        """Returns the state before the first proposal; raises ActsearchError for a space that it cannot search."""

    @abc.abstractmethod
    def ask(self, space: Space, state: State, n: int) -> tuple[list[Proposal], State]:
        """Returns at most n proposals and the state after them; fewer than n, or none, when nothing is left."""

    @abc.abstractmethod
    def tell(self, space: Space, state: State, trials: Sequence[Trial]) -> State:
        """Returns the state after the trials of earlier proposals.

        A search delivers them in the order asked, but late, repeated or reordered trials break nothing. Those without a
        score, such as rejected ones, are delivered too. A trial without a genotype of the space teaches nothing.
        """


def propose(space: Space, genotype: Genotype, parents: tuple[int, ...] = ()) -> Proposal:
    """Returns the proposal of a genotype of the space."""
    return Proposal(space.decode(genotype), genotype, parents)


def with_choices(space: Space, trials: Sequence[Trial]) -> Iterator[tuple[Trial, tuple[int, ...]]]:
    """Yields the trials whose genotype is of the space, each with its choices."""
    for trial in trials:
        if trial.genotype is not None and trial.genotype.space == space.name:
            yield trial, trial.genotype.choices


def lowest_score(lowest: float, trials: Sequence[Trial]) -> float:
    """Returns what a trial without a score counts as: the lowest score of a run so far, or 0 where that is lower.

    Args:
      lowest: of the trials before these, 0 at first.
      trials: the next ones of the run.
    """
    return min([lowest, *(trial.score for trial in trials if trial.score is not None)])


def option_counts(space: Space) -> tuple[int, ...]:
    """Returns the number of options of each decision."""
    return tuple(len(decision.options) for decision in space.decisions)


def choice_table(space: Space, rows: Sequence[Sequence[int]] = ()) -> Choices:
    """Returns choice vectors as an array [rows, decisions]."""
    return np.array(rows, np.int32).reshape(len(rows), len(space.decisions))


def latest(old: Rows, new: Rows, keep: int) -> Rows:
    """Returns the last `keep` rows of two tuples of arrays, the older ones first."""
    joined: Rows = jax.tree.map(lambda a, b: np.concatenate([a, b])[-keep:], old, new)
    return joined


def nested(controller: Controller[Any]) -> Iterator[Controller[Any]]:
    """Yields a controller and those that it wraps, the outermost first."""
    yield controller
    inner = getattr(controller, "inner", None)
    if isinstance(inner, Controller):
        yield from nested(inner)


def require_decisions(name: str, space: Space) -> None:
    """Raises where a space has no decisions, and so nothing that a controller could vary or learn."""
    if not space.decisions:
        raise ActsearchError(
            f"{name} needs a space with decisions; {space.name} has one program only: score it with `actsearch score`."
        )


def check_integer(name: str, value: Any, least: int) -> None:
    """Raises unless a hyperparameter is a whole number of at least `least`."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ActsearchError(f"{name} must be an integer of at least {least}; received {value!r}.")


def check_number(name: str, value: Any, legal: Callable[[float], bool], text: str) -> None:
    """Raises unless a hyperparameter is a number for which `legal` holds; `text` says what that is."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not legal(value):
        raise ActsearchError(f"{name} must be {text}; received {value!r}.")


def check_probability(name: str, value: Any) -> None:
    """Raises unless a hyperparameter is a number from 0 to 1."""
    check_number(name, value, lambda number: 0 <= number <= 1, "a probability, from 0 to 1")


def check_option(name: str, value: Any, known: Sequence[str]) -> None:
    """Raises unless a hyperparameter is one of the known texts."""
    if value not in known:
        raise ActsearchError(f"{name} must be one of {', '.join(known)}; received {value!r}.")


def check_flag(name: str, value: Any) -> None:
    """Raises unless a hyperparameter is True or False."""
    if not isinstance(value, bool):
        raise ActsearchError(f"{name} must be True or False; received {value!r}.")


def check_controller(name: str, value: Any) -> None:
    """Raises unless a wrapper was given a controller."""
    if not isinstance(value, Controller):
        raise ActsearchError(
            f"{name} wraps a controller, such as RegularizedEvolution(); received {value!r}: a name becomes one with "
            "get_controller(name)."
        )


def _plain(value: Any) -> Any:
    if isinstance(value, Controller):
        return value.config()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, str | int | float | bool | None):
        return value
    return f"{type(value).__name__} {code_digest(value)}" if " at 0x" in repr(value) else repr(value)

"""A search that begins with given formulas, over any controller, such as published functions or an earlier winner."""

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

from actsearch.controllers.base import Controller, check_controller, nested, propose
from actsearch.controllers.repeated import Repeated
from actsearch.controllers.successive_halving import SuccessiveHalving
from actsearch.engine import find_member
from actsearch.language import ActsearchError, parse
from actsearch.spaces import Genotype, Space
from actsearch.trials.trial import Proposal, Trial


class State(NamedTuple):
    """State of a search that begins with formulas.

    Attributes:
      inner: of the controller inside.
      given: formulas that were proposed.
    """

    inner: Any
    given: int


@dataclasses.dataclass(frozen=True)
class Seeded(Controller[State]):
    """A search that begins with formulas: they are proposed first, and the inner controller learns from them.

    Args:
      inner: proposes the rest; neither a `Repeated` nor a `SuccessiveHalving`, which go around it.
      formulas: programs as text, each of a function that the space has; see `actsearch.engine.find_member`.

    Raises:
      ActsearchError: no formula, or a controller that repeats or halves.

    Example:
      >>> from actsearch.controllers import Random
      >>> from actsearch.spaces import swish
      >>> controller, space = Seeded(Random(), ("x * sigmoid(x)",)), swish()
      >>> proposals, state = controller.ask(space, controller.init(space, seed=0), 2)
      >>> str(proposals[0].program), len(proposals)
      ('x * sigmoid(x)', 2)
    """

    name = "seeded"

    inner: Controller[Any]
    formulas: tuple[str, ...]

    def __post_init__(self) -> None:
        check_controller(self.name, self.inner)
        if isinstance(self.formulas, str) or not self.formulas:
            raise ActsearchError(f"formulas must be at least one text in a tuple; received {self.formulas!r}.")
        if any(isinstance(controller, Repeated | SuccessiveHalving) for controller in nested(self.inner)):
            raise ActsearchError(
                f"Seeded takes a controller that neither repeats nor halves; received {self.inner}: write "
                "SuccessiveHalving(Seeded(controller, formulas)) or "
                "Repeated(Seeded(controller, formulas))."
            )

    def min_budget(self) -> int:
        """Returns the number of formulas and the smallest budget of the inner controller."""
        return len(self.formulas) + self.inner.min_budget()

    def init(self, space: Space, seed: int) -> State:
        """Returns the state before the first formula; raises ActsearchError for one that the space does not have."""
        for text in self.formulas:
            _member(space, text)
        return State(self.inner.init(space, seed), 0)

    def ask(self, space: Space, state: State, n: int) -> tuple[list[Proposal], State]:
        """Returns formulas, and then proposals of the inner controller."""
        texts = self.formulas[state.given : state.given + n]
        proposals = [propose(space, _member(space, text)) for text in texts]
        wanted = n - len(proposals)
        fresh, inner = self.inner.ask(space, state.inner, wanted) if wanted else ([], state.inner)
        return [*proposals, *fresh], State(inner, state.given + len(proposals))

    def tell(self, space: Space, state: State, trials: Sequence[Trial]) -> State:
        """Passes all trials on to the inner controller."""
        return state._replace(inner=self.inner.tell(space, state.inner, trials))


@functools.lru_cache(maxsize=1024)
def _member(space: Space, text: str) -> Genotype:
    genotype = find_member(space, parse(text, inputs=space.template.inputs))
    if genotype is None:
        raise ActsearchError(f"{space.name} does not have the formula {text!r}: leave it out, or search another space.")
    return genotype

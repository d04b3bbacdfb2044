"""What one published unit that is a Flax module is in the catalog."""

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from flax import nnx


class ModuleEntry(NamedTuple):
    """A published unit that is a module.

    Attributes:
      name: its id.
      module: name of the class in `actsearch.nn.units`.
      formula: what it computes, for people.
      paper: where it comes from.
      source: the public text or code that it was read in.
      notes: what to know before comparing numbers; may be empty.
      verified: whether it was checked against `source`; if not, it is from memory of the paper.
      words: of `actsearch.catalog.WORDS`, stated.
      options: keyword arguments of the class that make it this unit.
      weights: whether it is a layer of weights, made with the features of input and of output.
      resizes: whether the result has another number of features.
    """

    name: str
    module: str
    formula: str
    paper: str
    source: str
    notes: str = ""
    verified: bool = True
    words: frozenset[str] = frozenset()
    options: tuple[tuple[str, Any], ...] = ()
    weights: bool = False
    resizes: bool = False

    @property
    def kind(self) -> type[Any]:
        """The class."""
        from actsearch.nn import units

        kind: type[Any] = getattr(units, self.module)
        return kind

    @property
    def is_site(self) -> bool:
        """Whether it is made with a number of features alone and keeps them, so that it serves as a network's site."""
        return not self.weights and not self.resizes

    def build(self, *features: int, rngs: "nnx.Rngs | None" = None, **options: Any) -> "nnx.Module":
        """Returns the module.

        Args:
          features: size of the last axis; of a layer of weights that of input and output.
          rngs: for the start of weights; one of seed 0 where it is left out.
          options: more keyword arguments of the class.

        Example:
          >>> import jax.numpy as jnp
          >>> from actsearch.catalog import MODULES
          >>> MODULES["top_k_relu"].build(4, k=2)(jnp.array([3.0, -1.0, 2.0, 1.0])).tolist()
          [3.0, 0.0, 2.0, 0.0]
        """
        from flax import nnx

        module: nnx.Module = self.kind(*features, rngs=rngs or nnx.Rngs(0), **{**dict(self.options), **options})
        return module

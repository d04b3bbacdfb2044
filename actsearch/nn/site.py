"""The sites of a network, found by building it once without computing anything; used by reports and tests."""

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

from flax import nnx

from actsearch.nn.layer import LayerFactory


class Site(NamedTuple):
    """A place in a network where a candidate goes.

    Attributes:
      name: for people: "stem", "block1.expand", "block2.layer1".
      features: size of the last axis there.
      path: attribute names and list positions from the network to its layer.
    """

    name: str
    features: int
    path: tuple[Any, ...]

    def layer(self, network: nnx.Module) -> nnx.Module:
        """Returns the layer at this site of a network."""
        module: Any = network
        for key in self.path:
            module = module[key] if isinstance(key, int) else getattr(module, key)
        layer: nnx.Module = module
        return layer


class _Marker(nnx.Module):
    def __init__(self, order: int, features: int):
        self.order, self.features = order, features


def sites(make: Callable[[LayerFactory], nnx.Module]) -> tuple[Site, ...]:
    """Returns the sites of a network in the order in which it makes them, which is that of its data flow.

    Whatever the factory makes is a site, so that a new network needs no list of its own.

    Args:
      make: layer factory -> network.

    Example:
      >>> from flax import nnx
      >>> from actsearch.nn import MLP
      >>> [(site.name, site.features) for site in sites(lambda layer: MLP((8, 4, 6, 2), layer, rngs=nnx.Rngs(0)))]
      [('layer1', 4), ('layer2', 6)]
    """
    count = itertools.count()

    def layer(features: int) -> nnx.Module:
        return _Marker(next(count), features)

    network = nnx.eval_shape(lambda: make(layer))
    nodes = nnx.iter_graph(network)
    rows = [(node.order, path, node.features) for path, node in nodes if isinstance(node, _Marker)]
    return tuple(Site(_name(path), features, path) for _, path, features in sorted(rows))


def _name(path: tuple[Any, ...]) -> str:
    """Returns ("blocks", 0, "expand_layer") as "block1.expand"."""
    words: list[str] = []
    for key in path:
        if isinstance(key, int):
            words[-1] = f"{words[-1].removesuffix('s')}{key + 1}"
        else:
            words.append(key.removesuffix("_layer"))
    return ".".join(words)

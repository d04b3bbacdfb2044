"""Extension of Sphinx: where each public name is documented, the text of a constant, and that no name is left out."""

import ast
import importlib
import inspect
import pkgutil
from typing import Any, Literal, get_origin

from docutils.nodes import Element
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.pycode import ModuleAnalyzer
from sphinx.util import logging

import actsearch

ROOMS = ("actsearch", *(f"actsearch.{room.name}" for room in pkgutil.iter_modules(actsearch.__path__) if room.ispkg))


def public(room: str) -> dict[str, Any]:
    """Returns public name -> value."""
    module = importlib.import_module(room)
    return {name: getattr(module, name) for name in module.__all__}


def home(room: str, name: str) -> str:
    """Returns the room that documents a name: the one that defines it, where that one exports it, else this one."""
    value = getattr(importlib.import_module(room), name)
    origin = ".".join(str(getattr(value, "__module__", room)).split(".")[:2])
    return origin if origin in ROOMS and name in importlib.import_module(origin).__all__ else room


def homes() -> dict[str, dict[str, str]]:
    """Returns room -> public name -> the room that documents it."""
    return {room: {name: home(room, name) for name in public(room)} for room in ROOMS}


def constants(room: str) -> dict[str, bool]:
    """Returns the public names that are no function and no class -> whether the value is short enough to show."""
    return {
        name: isinstance(value, int | float | str) or get_origin(value) is Literal
        for name, value in public(room).items()
        if not inspect.isclass(value) and not inspect.isroutine(value)
    }


def text_of(module: str, name: str) -> list[str]:
    """Returns the text below a constant's assignment, in the module that this one takes it from."""
    source = inspect.getsource(importlib.import_module(module))
    imports = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom) and node.module)
    for node in imports:
        if name in {alias.name for alias in node.names}:
            return text_of(str(node.module), name)
    return ModuleAnalyzer.for_module(module).find_attr_docs()["", name]


def _text_of_a_constant(app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    if what == "data":
        lines[:] = text_of(*name.rsplit(".", 1))


def _all_are_there(app: Sphinx, env: BuildEnvironment) -> None:
    documented = env.domains.python_domain.objects
    for room, names in homes().items():
        for name, home_room in names.items():
            if f"{home_room}.{name}" not in documented:
                logging.getLogger(__name__).warning("%s.%s is public and on no page", room, name)


def _front_door(app: Sphinx, env: BuildEnvironment, node: pending_xref, content: Element) -> Element | None:
    """Resolves `actsearch.search` and its like, which a page of another room documents."""
    room, _, name = node["reftarget"].rpartition(".")
    if node.get("refdomain") != "py" or room != "actsearch" or name not in public(room):
        return None
    target = f"{home(room, name)}.{name}"
    domain = env.domains.python_domain
    return domain.resolve_xref(env, node["refdoc"], app.builder, node["reftype"], target, node, content)


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers the extension."""
    app.config.autosummary_context = {"homes": homes(), "constants": {room: constants(room) for room in ROOMS}}
    app.connect("autodoc-process-docstring", _text_of_a_constant)
    app.connect("missing-reference", _front_door)
    app.connect("env-check-consistency", _all_are_there)
    return {"parallel_read_safe": True}

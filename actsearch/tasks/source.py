"""Tasks from outside the package: `my_task.py:make` or `package.module:make`, where a name is written."""

import hashlib
import importlib
import importlib.util
import inspect
import sys
from pathlib import Path
from types import ModuleType

from actsearch.language import ActsearchError
from actsearch.tasks.base import Task

_LOADED: list[str] = []
"""Names of the modules that were loaded from files."""


def load_task(source: str) -> Task:
    """Returns the task that a function of a Python file or module makes.

    Args:
      source: "file.py:function" or "package.module:function"; the function takes no arguments.

    Raises:
      ActsearchError: no such file, module or function, or one that returns no task. What the file or the function
        raises is its own error, and keeps its traceback.
    """
    place, _, function = source.rpartition(":")
    module = _from_file(Path(place), source) if place.endswith(".py") else _from_name(place, source)
    make = getattr(module, function, None)
    if not callable(make):
        raise ActsearchError(f"{place} has no function {function!r}; write {place}:NAME with one that it defines.")
    try:
        inspect.signature(make).bind()
    except TypeError as error:
        raise ActsearchError(f"{source} is called without arguments, which does not fit its own: {error}.") from error
    task = make()
    if not isinstance(task, Task):
        raise ActsearchError(
            f"{source} returned a {type(task).__name__}; return a task, such as actsearch.tasks.Classification(...)."
        )
    return task


def _from_file(path: Path, source: str) -> ModuleType:
    """Returns the module of a file, under a name of its own so that its classes and functions can be pickled."""
    if not path.is_file():
        raise ActsearchError(f"There is no file {path}, of {source!r}; write a path as seen from here.")
    # An edited file is another module in one process. Digests leave out what is behind @: a comment changes no task.
    name = f"{path.stem}@{hashlib.blake2b(path.read_bytes(), digest_size=8).hexdigest()}"
    _look_in(path.resolve().parent)
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise ActsearchError(f"{path} is no Python file; received {source!r}.")
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
        _LOADED.append(name)
    return sys.modules[name]


def own_modules() -> list[ModuleType]:
    """Returns the modules of users' files, which another process cannot import by their names."""
    return [sys.modules[name] for name in _LOADED if name in sys.modules]


def _look_in(folder: Path) -> None:
    """Lets a user's file import those beside it, as `python my_task.py` does."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def _from_name(name: str, source: str) -> ModuleType:
    _look_in(Path.cwd())
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise ActsearchError(
                f"There is no module {name!r}, of {source!r}; write file.py:function or package.module:function."
            ) from error
        raise
    except ValueError as error:  # an empty name
        raise ActsearchError(f"{source!r} names no module; write file.py:function.") from error

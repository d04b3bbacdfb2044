"""The packages of the extra `report`, imported where they are used, and what to do where one is missing."""

import importlib
from types import ModuleType

from actsearch.language import ActsearchError


def package(name: str) -> ModuleType:
    """Imports a package of the extra `report`.

    Raises:
      ActsearchError: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ActsearchError(
            f"A report needs the package {name.partition('.')[0]}: run pip install 'actsearch[report]'."
        ) from error

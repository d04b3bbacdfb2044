"""Results kept beside an archive, as JSON: what was measured of a run after its search, for its report."""

import contextlib
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from actsearch.archive.sqlite import ArchiveError


def keep(directory: str | os.PathLike[str], name: str, record: Mapping[str, Any]) -> Path:
    """Writes a result into a run's directory, whole or not at all, in the place of one of the same name.

    Args:
      directory: of the run.
      name: of the file, without its ending.
      record: what JSON can hold; NaN and the infinities become null.

    Raises:
      ArchiveError: the file cannot be written.
    """
    path = Path(directory) / f"{name}.json"
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(json.dumps(finite(record), indent=1, allow_nan=False) + "\n")
        os.replace(part, path)
    except OSError as error:
        raise ArchiveError(f"{path} cannot be written: {error}. Free the disk, or change its permissions.") from error
    finally:
        with contextlib.suppress(OSError):  # of a read-only file system, which has no such file
            part.unlink()
    return path


def kept(directory: str | os.PathLike[str], pattern: str) -> dict[str, dict[str, Any]]:
    """Returns the results in a directory whose names match a pattern such as "verification*", by name, sorted.

    Raises:
      ArchiveError: one of them is no JSON.
    """
    found = {}
    for path in sorted(Path(directory).glob(f"{pattern}.json")):
        try:
            found[path.stem] = dict(json.loads(path.read_text()))
        except (OSError, ValueError, TypeError) as error:
            raise ArchiveError(
                f"{path} cannot be read as a result: {error}. Make it again, or move it away."
            ) from error
    return found


def finite(value: Any) -> Any:
    """Returns plain data with null for the numbers that JSON does not have.

    Example:
      >>> finite({"low": float("-inf"), "scores": (0.5, float("nan"))})
      {'low': None, 'scores': [0.5, None]}
    """
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

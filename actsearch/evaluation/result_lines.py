"""Results of long runs in a file of JSON lines: each is on the disk when it is stored, and a killed run goes on."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from actsearch.evaluation.score import Result
from actsearch.language import ActsearchError


class ResultLines:
    """Results by key, in `FOLDER/results.jsonl`; in memory alone where there is no folder.

    Several processes must not write to one folder. Files of other machines can be put beside it: all that end in .jsonl
    are read, and the first result of a key counts.

    Args:
      folder: made when missing; None for none.

    Raises:
      ActsearchError: the folder cannot be written, or one of its files cannot be read.
    """

    def __init__(self, folder: Path | None):
        self._path = None if folder is None else folder / "results.jsonl"
        self._known: dict[str, Result] = {}
        if folder is not None:
            self._append("")  # so that what cannot be written is said before the first training
            for path in sorted(folder.glob("*.jsonl")):
                self._read(path)

    def __contains__(self, key: Any) -> bool:
        return _text(key) in self._known

    def __getitem__(self, key: Any) -> Result:
        return self._known[_text(key)]

    def store(self, results: Iterable[tuple[Any, Result]]) -> None:
        """Adds results with their keys, plain data that JSON can say; on the disk when this returns.

        Raises:
          ActsearchError: the file cannot be written.
        """
        rows = {_text(key): result for key, result in results}
        self._known |= rows
        self._append("".join(_line(key, result) for key, result in rows.items()))

    def _append(self, lines: str) -> None:
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            torn = bool(lines) and self._path.exists() and self._path.read_bytes()[-1:] not in (b"", b"\n")
            with self._path.open("a") as file:
                file.write("\n" * torn + lines)  # a line that a stop tore stays alone
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise ActsearchError(f"{self._path} cannot be written: {error}. Give another folder.") from error

    def _read(self, path: Path) -> None:
        try:
            lines = path.read_text().splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ActsearchError(f"{path} cannot be read: {error}. Move it away, or give another folder.") from error
        for line in lines:
            try:
                row = json.loads(line)
            except json.JSONDecodeError:  # torn by a stop
                continue
            if not isinstance(row, dict) or not {"key", "result"} <= row.keys():  # a line of something else
                continue
            metrics, failed, score = row["result"].values()
            self._known.setdefault(_text(row["key"]), Result(tuple(metrics), failed, score))


def _line(key: str, result: Result) -> str:
    return f'{{"key": {key}, "result": {json.dumps(result._asdict())}}}\n'


def _text(key: Any) -> str:
    return json.dumps(key)

"""Finding: one thing that an examination looked at."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Status = Literal["ok", "note", "broken"]
"""A note costs speed or data at most; what is broken keeps a search from running, or a device from being used."""


class Finding(NamedTuple):
    """What an examination found about one thing.

    Attributes:
      about: what was looked at, such as "versions".
      status: "ok", "note" or "broken".
      text: for people, with what to install or to set where that helps.
      facts: the same for machines, as JSON has it.

    Example:
      >>> print(Finding("cores", "ok", "2", {"cores": 2}))
      ok      cores: 2
    """

    about: str
    status: Status
    text: str
    facts: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.status:<7} {self.about}: {self.text}"


def size(count: int) -> str:
    """Returns a number of bytes for people.

    Example:
      >>> size(2_500_000), size(16_800_000_000)
      ('2.5 MB', '16.8 GB')
    """
    number, unit = (count / 1e9, "GB") if count >= 1e9 else (count / 1e6, "MB")
    return f"{number:.1f} {unit}" if number < 100 else f"{number:.0f} {unit}"

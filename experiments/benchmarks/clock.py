"""Time of a call; the benchmarks of training use it."""

import time
from collections.abc import Callable
from typing import Any


def timed(function: Callable[..., Any], *arguments: Any) -> tuple[float, Any]:
    """Returns the seconds of a call, and its value."""
    began = time.perf_counter()
    value = function(*arguments)
    return time.perf_counter() - began, value

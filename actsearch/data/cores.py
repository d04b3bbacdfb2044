"""How many processes this machine has room for."""

import os


def count_cores() -> int:
    """Returns how many cores this process may use; all of the machine's where the system does not say."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

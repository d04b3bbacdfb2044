"""The examination: everything that is looked at, in the order in which it is told."""

import os
from collections.abc import Iterator

from actsearch.doctor.devices import described, groups, searched, unused
from actsearch.doctor.finding import Finding
from actsearch.doctor.machine import cache, cores, extras, versions


def examine() -> Iterator[Finding]:
    """Finds whether this machine is ready for searches, one thing after another, in less than a minute.

    Returns:
      Versions, cores, the cache folder, extras, JAX's devices, accelerators that it does not use, and a tiny search on
      each device; what is broken is a finding, not an exception.
    """
    yield versions()
    yield cores()
    yield cache()
    yield from extras()
    try:
        found = groups()
    except Exception as error:  # JAX raises several kinds where a platform that it was told to use is not there
        reason = f"{type(error).__name__} {error}".partition("\n")[0].strip()
        chosen = os.environ.get("JAX_PLATFORMS", "not set")
        text = f"JAX finds none: {reason}; JAX_PLATFORMS is {chosen}"
        yield Finding("devices", "broken", text, {"error": reason})
        yield from unused(())
        return
    yield from map(described, found)
    yield from unused([group[0].platform for group in found])
    yield from map(searched, found)

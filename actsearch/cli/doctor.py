"""`actsearch doctor`."""

from actsearch.cli.common import Json, print_json
from actsearch.doctor import examine


def doctor(json: Json = False) -> int:
    """Check this machine in under a minute: versions, devices, cache, extras, and a tiny search on each device.

    The exit code is 1 where something is broken.

    Example: actsearch doctor
    """
    findings = []
    for finding in examine():
        findings.append(finding)
        if not json:
            print(finding, flush=True)
    if json:
        print_json([finding._asdict() for finding in findings])
    return int(any(finding.status == "broken" for finding in findings))

"""Whether this machine is ready: what is installed, what JAX sees, and a tiny search on it."""

from actsearch.doctor.examination import examine
from actsearch.doctor.finding import Finding, Status

__all__ = ["Finding", "Status", "examine"]

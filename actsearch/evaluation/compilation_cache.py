"""The persistent compilation cache: a second search on the same task compiles nothing.

It lies in the user's cache folder, `$XDG_CACHE_HOME/actsearch` or `~/.cache/actsearch`. The environment variable
ACTSEARCH_CACHE moves it, or is "off". Whoever sets JAX's own cache, or turns it off, keeps that setting.
"""

import functools
import hashlib
import os
import platform
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import jax

CACHE_BYTES = 512_000_000
"""The most that the cache keeps from one process to the next; an interpreted training takes 0.3 to 1.5 MB."""

_UNREADABLE = "Error (reading|writing) persistent compilation cache entry"
"""How JAX's warnings begin; a line for each program would say no more than that it is compiled as without a cache."""


def cache_folder() -> Path | None:
    """Returns the user's cache folder, which may not exist yet; None where it is off, or the user has no home."""
    chosen = os.environ.get("ACTSEARCH_CACHE", "")
    if chosen == "off":
        return None
    try:
        if chosen:
            return Path(chosen).expanduser().resolve()
        return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "actsearch"
    except RuntimeError:
        return None


def use_compilation_cache() -> Path | None:
    """Makes JAX keep what this process compiles from now on, and take from the cache what it holds.

    `actsearch.search`, `actsearch.verify` and the command line call it. A folder that cannot be written, a full disk or
    a damaged program costs compilations, never a search. JAX runs what it finds there: let nobody else write to it.

    Returns:
      The folder in use, the user's own where JAX was told one; None where nothing is kept.
    """
    if not jax.config.jax_enable_compilation_cache:  # type: ignore[attr-defined]
        return None
    own: str | None = jax.config.jax_compilation_cache_dir  # type: ignore[attr-defined]
    root = cache_folder()
    if own is not None or root is None:
        return None if own is None else Path(own)
    folder = root / "compiled" / _processor()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        tidy(folder.parent)
    except OSError:
        return None
    jax.config.update("jax_compilation_cache_dir", str(folder))  # type: ignore[no-untyped-call]
    if "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS" not in os.environ:
        # By itself JAX keeps programs of a second and more; a search has about sixty smaller ones.
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)  # type: ignore[no-untyped-call]
    warnings.filterwarnings("ignore", _UNREADABLE)
    return folder


def tidy(folder: Path, most: int = CACHE_BYTES) -> None:
    """Deletes damaged programs from a cache, and the least recently used ones until `most` bytes are left.

    JAX can bound the cache itself, but then reads a time stamp of every program for each one that it adds, 0.3 s at
    2,000 of them. And it never replaces a program that a stop or a full disk cut short.

    Raises:
      OSError: the folder cannot be written.
    """
    stamp = folder / "checked"  # programs are checked once: what is older has been
    since = stamp.stat().st_mtime if stamp.exists() else 0.0
    stamp.touch()
    files = sorted(_files(folder), key=lambda file: file.used)
    total = sum(file.bytes for file in files)
    for file in files:
        if total > most or (file.changed >= since and not _is_whole(file.path)):
            file.path.unlink(missing_ok=True)
            total -= file.bytes


def folder_bytes(folder: Path) -> int:
    """Returns the bytes of all files in a folder; 0 where there is none."""
    return sum(file.bytes for file in _files(folder))


class _File(NamedTuple):
    """A file of the cache: when it was last read, which some systems note once a day, or written; and last written."""

    path: Path
    bytes: int
    used: float
    changed: float


def _files(folder: Path) -> Iterator[_File]:
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            try:
                stat = path.stat()
            except FileNotFoundError:  # another process deletes too
                continue
            yield _File(path, stat.st_size, max(stat.st_atime, stat.st_mtime), stat.st_mtime)


def _is_whole(path: Path) -> bool:
    """Returns whether a program can be decompressed; one in zstd, for which JAX may have a library, counts as whole."""
    if not path.name.endswith("-cache"):  # XLA's own notes
        return True
    try:
        content = path.read_bytes()
        return content.startswith(b"\x28\xb5\x2f\xfd") or bool(zlib.decompress(content))
    except (FileNotFoundError, zlib.error):
        return False


@functools.cache
def _processor() -> str:
    """Returns a name for this kind of processor.

    XLA compiles for its features and JAX's key of a program leaves them out: where two kinds share a home folder, one
    would run instructions that it does not have.
    """
    features, info = {platform.machine(), platform.processor()}, Path("/proc/cpuinfo")
    if info.exists():
        fields = ("model name", "flags", "Features")
        features |= {line for line in info.read_text().splitlines() if line.startswith(fields)}
    else:
        features.add(platform.node())
    return hashlib.sha256("\n".join(sorted(features)).encode()).hexdigest()[:12]

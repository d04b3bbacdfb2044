"""TFDS's own download of a published data set, with the checksums that TFDS has."""

import contextlib
import socket
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from actsearch.data.base import Collection
from actsearch.data.files import Files, Named, Tar, is_tar
from actsearch.language import ActsearchError

_PATIENCE = 10.0
"""Seconds in which a host has to answer; TFDS itself would try for minutes."""


def download(collection: Collection, folder: Path, report: Callable[[str], None]) -> list[Files]:
    """Downloads the files of a data set below `folder`, once; returns them.

    Raises:
      ActsearchError: they cannot be downloaded, or not without an account.
    """
    if not collection.urls:
        wanted = " and ".join(collection.checksums)
        raise ActsearchError(
            f"{collection.words} cannot be downloaded without an account: write --from FOLDER with {wanted}."
        )
    for url in collection.urls:
        _reach(collection, url)
        report(f"downloading {url} ...")
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core.download.download_manager import NonMatchingChecksumError

    builder = tfds.builder(collection.name, data_dir=folder)
    manager = tfds.download.DownloadManager(
        download_dir=folder / "downloads", url_infos=builder.url_infos, dataset_name=builder.name
    )
    try:
        paths = manager.download({PurePosixPath(url).name: url for url in collection.urls})
    except (OSError, tfds.download.DownloadError, NonMatchingChecksumError) as error:
        raise _failed(collection, ", ".join(collection.urls), error) from error
    files = {name: Path(path) for name, path in paths.items()}
    return [Named(files), *(Tar(path) for name, path in files.items() if is_tar(name))]


def _reach(collection: Collection, url: str) -> None:
    """Raises an ActsearchError where a host does not answer."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with contextlib.closing(socket.create_connection((parts.hostname, port), timeout=_PATIENCE)):
            return
    except OSError as error:
        raise _failed(collection, url, error) from error


def _failed(collection: Collection, url: str, error: Exception) -> ActsearchError:
    return ActsearchError(
        f"{collection.words} cannot be downloaded from {url} ({error}). Download it elsewhere, and write --from FILE."
    )

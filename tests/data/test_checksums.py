"""Checksums: the archive's for an archive, each file's for unpacked ones, and a word on what was not compared."""

import dataclasses
import hashlib

import pytest

from actsearch.data import checksums, get_collection
from actsearch.data.preparation import find
from actsearch.language import ActsearchError
from tests.helpers import archived


def check(source, *files):
    """Compares a source with the true checksums of some files; returns what is reported."""
    known = {file.name: f"md5:{hashlib.md5(file.read_bytes()).hexdigest()}" for file in files}
    collection, said = dataclasses.replace(get_collection("cifar10"), checksums=known), []
    checksums.check(collection, find(collection, source), said.append)
    return said


@pytest.fixture
def folder(tmp_path):
    return archived.python_batches(tmp_path, archived.made())


def test_an_archive_as_a_whole(folder, tmp_path):
    archive = archived.packed(folder, tmp_path / "cifar-10-python.tar.gz")
    assert check(archive, archive) == ["cifar-10-python.tar.gz: comparing md5 ..."]


def test_each_unpacked_file(folder):
    files = sorted(folder.iterdir())
    assert check(folder, *files) == [f"{file.name}: comparing md5 ..." for file in files]


def test_what_is_not_known_is_said(folder):
    said = check(folder, *sorted(folder.iterdir())[1:])
    assert said[-1] == "data_batch_1: no published checksum is known; the number of examples alone is checked."


def test_a_changed_byte(folder):
    files = sorted(folder.iterdir())
    content = bytearray(files[0].read_bytes())
    true = hashlib.md5(content).hexdigest()
    content[-100] ^= 1
    files[0].write_bytes(content)
    collection = dataclasses.replace(get_collection("cifar10"), checksums={files[0].name: f"md5:{true}"})
    with pytest.raises(ActsearchError, match=f"data_batch_1 in .* has the md5 .*, published is {true}: it is damaged"):
        checksums.check(collection, find(collection, folder), print)

"""TFDS's own download: what it is asked for, and what a user reads where there is no network."""

import dataclasses
import functools
import http.server
import socket
import threading

import pytest

from actsearch.data import COLLECTIONS, get_collection, load, prepare
from actsearch.language import ActsearchError
from tests.helpers import archived


@pytest.fixture
def serve(tmp_path, monkeypatch):
    """Serves a folder on this machine in the place of a data set's publisher."""
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path / "served"))
    )
    threading.Thread(target=server.serve_forever).start()

    def publish(name):
        collection = get_collection(name)
        urls = tuple(f"http://127.0.0.1:{server.server_port}/{url.rpartition('/')[2]}" for url in collection.urls)
        known = {**COLLECTIONS, name: dataclasses.replace(collection, urls=urls)}
        monkeypatch.setattr("actsearch.data.collections.COLLECTIONS", known)
        return urls

    yield publish
    server.shutdown()
    server.server_close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Logs nothing."""

    def log_message(self, *args):
        pass


def test_an_archive(serve, tmp_path, monkeypatch):
    folder, data = tmp_path / "served", archived.made()
    archived.packed(archived.binary_batches(folder, data), folder / "cifar-10-binary.tar.gz")
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    said, (url,) = [], serve("cifar10")
    prepare("cifar10", checked=False, report=said.append)
    assert said[0] == f"downloading {url} ..."
    assert sorted(load("cifar10", "train")["label"]) == sorted(data["train"][1])


def test_single_files(serve, tmp_path, monkeypatch):
    data = archived.made("fashion_mnist")
    archived.idx(tmp_path / "served", data, gz=True)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    serve("fashion_mnist")
    prepare("fashion_mnist", checked=False)
    assert sorted(load("fashion_mnist", "train")["label"]) == sorted(data["train"][1])


def test_a_publisher_without_the_file(serve, tmp_path):
    (tmp_path / "served").mkdir()
    (url,) = serve("cifar10")
    with pytest.raises(ActsearchError, match=f"cannot be downloaded from {url} .*404.*write --from FILE"):
        prepare("cifar10", folder=tmp_path / "tfds")


def test_another_checksum_than_tfdss(serve, tmp_path, monkeypatch):
    from tensorflow_datasets.core.download.checksums import UrlInfo
    from tensorflow_datasets.image_classification.cifar import Cifar10

    (tmp_path / "served").mkdir()
    (tmp_path / "served/cifar-10-binary.tar.gz").write_bytes(b"another file")
    (url,) = serve("cifar10")
    info = UrlInfo(size=12, checksum="0" * 64, filename="cifar-10-binary.tar.gz")
    monkeypatch.setattr(Cifar10, "url_infos", {url: info})
    with pytest.raises(ActsearchError, match=r"cannot be downloaded from .*checksum"):
        prepare("cifar10", folder=tmp_path / "tfds")


@pytest.mark.parametrize(
    "name", ["cifar10", "cifar100", "imagenette", "imagenette/160px-v2", "fashion_mnist", "tiny_shakespeare"]
)
def test_addresses_and_checksums_are_tfdss(name):
    import tensorflow_datasets as tfds

    collection, infos = get_collection(name), tfds.builder(name).url_infos
    for url in collection.urls:
        assert collection.checksums[url.rpartition("/")[2]] == f"sha256:{infos[url].checksum}"


def test_without_a_network(tmp_path, monkeypatch):
    def refuse(address, timeout):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "create_connection", refuse)
    match = r"CIFAR-10 cannot be downloaded from https://www.cs.toronto.edu/.*Name or service.*write --from FILE"
    with pytest.raises(ActsearchError, match=match):
        prepare("cifar10", folder=tmp_path)


def test_without_an_account(tmp_path):
    match = "without an account: write --from FOLDER with ILSVRC2012_img_train.tar and ILSVRC2012_img_val.tar"
    with pytest.raises(ActsearchError, match=match):
        prepare("imagenet2012", folder=tmp_path)

"""The page of a browser: two addresses, this machine alone, and no way to a file."""

import http.client
import json
import socket
from urllib.parse import urlsplit

import pytest

from actsearch import ActsearchError, search
from actsearch.live import Follower, serving
from tests.helpers.mock import MockEvaluator


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    directory = tmp_path_factory.mktemp("served") / "<b>mine"
    search("swish-1", MockEvaluator(), "random", 30, out=directory)
    with serving([Follower(directory)]) as found:
        yield found


def answer(address, path, method="GET", **headers):
    """Returns status, headers and body of a raw path, which no library has tidied up."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
    connection.putrequest(method, path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, dict(response.getheaders()), body


def test_the_page_and_its_data(address):
    status, headers, body = answer(address, "/")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert b"http" not in body.replace(b"http://www.w3.org/2000/svg", b"").replace(b"http-equiv", b"")
    status, _, body = answer(address, "/data")
    (view,) = json.loads(body)
    assert (status, view["name"], view["done"], view["state"]) == (200, "<b>mine", 30, "finished")


@pytest.mark.parametrize(
    "path",
    [
        "/archive.sqlite",
        "/page.html",
        "/../../../../etc/passwd",
        "/data/../../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",
        "/data?x=1",
        "/data/",
    ],
)
def test_nothing_else_is_served(address, path):
    status, _, body = answer(address, path)
    assert (status, body) == (404, b"There is / and /data.\n")


def test_nothing_is_written(address):
    assert answer(address, "/data", method="POST")[0] == 501


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1"])
def test_another_host_is_refused(address, host):
    assert answer(address, "/data", Host=host)[0] == 403


def test_it_listens_on_this_machine_alone(address):
    port = urlsplit(address).port
    assert urlsplit(address).hostname == "127.0.0.1"
    with pytest.raises(OSError, match="refused"), socket.create_connection(("127.0.0.2", port), timeout=5):
        pass


def test_a_port_that_is_taken_is_a_mistake(address):
    with pytest.raises(ActsearchError, match="cannot be had"), serving([], urlsplit(address).port):
        pass

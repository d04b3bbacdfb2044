"""The view of a browser: a page and its data on this machine alone.

It is bound to 127.0.0.1 and answers two addresses. A request must name this machine as its host: a page of the web
whose name was made to point here, and which would read the data, does not.
"""

import contextlib
import json
import threading
import time
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from actsearch.language import ActsearchError
from actsearch.live.following import Follower

HOST = "127.0.0.1"
PAGE = Path(__file__).parent / "page.html"

_SHORTEST = 1.0  # seconds between two looks at the archives, however many browsers ask
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@contextlib.contextmanager
def serving(followers: Sequence[Follower], port: int = 0) -> Iterator[str]:
    """Serves the page of runs while the context is open.

    Args:
      followers: of the runs.
      port: 0 for any that is free.

    Yields:
      The page's address.

    Raises:
      ActsearchError: the port cannot be had.
    """
    try:
        server = _Server(followers, port)
    except (OSError, OverflowError) as error:
        raise ActsearchError(
            f"Port {port} of {HOST} cannot be had: {str(error).rstrip('.')}. Give another --port, or 0."
        ) from error
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, followers: Sequence[Follower], port: int):
        self._followers, self._turn = followers, threading.Lock()
        self._looked, self._data = 0.0, b""
        super().__init__((HOST, port), _Handler)

    def data(self) -> bytes:
        """Returns what can be seen of the runs, as JSON."""
        with self._turn:
            if not self._data or time.monotonic() - self._looked >= _SHORTEST:
                views = [follower.look()._asdict() for follower in self._followers]
                self._data, self._looked = json.dumps(views).encode(), time.monotonic()
            return self._data


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "actsearch"
    sys_version = ""
    timeout = 10

    def do_GET(self) -> None:
        """Answers the page and its data, and nothing else."""
        own = {f"{name}:{self.server.server_port}" for name in (HOST, "localhost")}
        if self.headers.get("Host") not in own:
            self._answer(HTTPStatus.FORBIDDEN, b"This page is for this machine alone.\n", "text/plain")
        elif self.path == "/":
            self._answer(HTTPStatus.OK, PAGE.read_bytes(), "text/html")
        elif self.path == "/data":
            self._answer(HTTPStatus.OK, self.server.data(), "application/json")
        else:
            self._answer(HTTPStatus.NOT_FOUND, b"There is / and /data.\n", "text/plain")

    def _answer(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        for name, value in {**_HEADERS, "Content-Type": f"{kind}; charset=utf-8"}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: the terminal belongs to whoever watches."""

"""Local HTTP servers that serve an archive well or badly."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_GET(self):
        self.server.asked.append((self.path, self.headers["Range"]))
        self.close_connection = True
        self.server.answer(self, self.server.data)

    def log_message(self, format: str, *args: object):  # noqa: A002
        pass

    @property
    def count(self) -> int:
        """How many times the server was asked, this time included."""
        return len(self.server.asked)

    @property
    def start(self) -> int:
        return int((self.headers["Range"] or "bytes=0-")[6:-1])

    def send(self, data: bytes, status: int = 200, length: int | None = None, **headers: str):
        self.send_response(status)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, data: bytes, answer: Callable[[Handler, bytes], None]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.data, self.answer = data, answer
        self.asked: list[tuple[str, str | None]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/voc.tar"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is part of the tests."""


Answer = Callable[[Handler, bytes], None]


@contextmanager
def serving(data: bytes, answer: Answer) -> Iterator[Server]:
    """A mirror that answers so, while it is needed."""
    server = Server(data, answer)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def good(h: Handler, data: bytes, upto: int | None = None) -> None:
    """As a good server does, or breaking off after `upto` bytes of the file."""
    if h.start >= len(data):
        h.send(b"", 416, Content_Range=f"bytes */{len(data)}")
    elif h.start:
        place = f"bytes {h.start}-{len(data) - 1}/{len(data)}"
        h.send(data[h.start : upto], 206, len(data) - h.start, Content_Range=place)
    else:
        h.send(data[:upto], 200, len(data))


def stalls_once(h: Handler, data: bytes) -> None:
    good(h, data, h.start + 1000 if h.count == 1 else None)
    if h.count == 1:
        time.sleep(1)


def never_answers(h: Handler, data: bytes) -> None:
    time.sleep(2)


def trickles(h: Handler, data: bytes) -> None:
    h.send(b"", length=len(data))
    for _ in range(100):
        h.wfile.write(b"x")
        h.wfile.flush()
        time.sleep(0.05)


def drops(h: Handler, data: bytes) -> None:
    """Breaks off again and again, a good piece further each time."""
    good(h, data, min(h.start + len(data) // 3 + 1, len(data)))


def knows_no_ranges(h: Handler, data: bytes) -> None:
    h.send(data[: 1000 if h.count == 1 else None], length=len(data))


def sends_other_range(h: Handler, data: bytes) -> None:
    if h.count == 1:
        good(h, data, 1000)
    elif h.start:
        h.send(data[500:], 206, Content_Range=f"bytes 500-{len(data) - 1}/{len(data)}")
    else:
        good(h, data)


def claims_more(h: Handler, data: bytes) -> None:
    h.send(data, length=len(data) + 1000)


def claims_less(h: Handler, data: bytes) -> None:
    h.send(data, length=len(data) - 1000)


def sends_another_file(h: Handler, data: bytes) -> None:
    good(h, data[::-1])


def sends_a_page(h: Handler, data: bytes) -> None:
    h.send(b"<html>Please log in</html>", Content_Type="text/html; charset=utf-8")


def fails_once(h: Handler, data: bytes) -> None:
    if h.count == 1:
        h.send(b"", 500)
    else:
        good(h, data)


def has_it_not(h: Handler, data: bytes) -> None:
    h.send(b"", 404)


def is_busy(h: Handler, data: bytes) -> None:
    h.send(b"", 503)

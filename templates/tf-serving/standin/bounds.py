"""What one caller may cost: the library's HTTP server with limits on sizes, times and connections.

Each connection has a thread, and a clock that runs while the thread waits for its caller. One that
is late is shut from outside, which wakes the thread. When all places are taken, the connection that
has waited longest for its caller makes room: slow callers lose their places to honest ones.
"""

import contextlib
import http.client
import json
import socket
import threading
import time
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedReader
from typing import Any


@dataclass(frozen=True)
class Limits:
    connections: int = 64  # and threads
    head_bytes: int = 32 * 1024  # request line and headers together; the library allows 100 of them
    body_bytes: int = 4 << 20  # as many as gRPC takes in a message
    head_seconds: float = 10.0
    body_seconds: float = 30.0
    answer_seconds: float = 30.0  # until the caller has taken it
    idle_seconds: float = 5.0  # between two requests


class Late(Exception):  # noqa: N818
    """The caller did not send what it had begun."""


@dataclass
class Place:
    """A connection's: since when and until when it waits for its caller, if it does."""

    connection: socket.socket
    since: float = 0.0
    until: float | None = None
    reads: bool = True
    late: bool = False

    def waits(self, seconds: float, *, reads: bool = True) -> None:
        self.since, self.reads = time.monotonic(), reads
        self.until = self.since + seconds

    def works(self) -> None:
        self.until = None

    def shut(self, how: int) -> None:
        self.until = None
        with contextlib.suppress(OSError):  # it has gone by itself
            self.connection.shutdown(how)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type, limits: Limits = Limits()) -> None:
        self.limits = limits
        self.places: dict[socket.socket, Place] = {}
        self._lock = threading.RLock()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            if len(self.places) >= self.limits.connections and not self._make_room():
                self.shutdown_request(request)
                return
            place = self.places[request] = Place(request)
            place.waits(self.limits.head_seconds)
        super().process_request(request, client_address)

    def _make_room(self) -> bool:
        waiting = [place for place in self.places.values() if place.until is not None]
        if not waiting:
            return False
        oldest = min(waiting, key=lambda place: place.since)
        del self.places[oldest.connection]  # its thread ends in a moment
        oldest.late = True
        oldest.shut(socket.SHUT_RDWR)
        return True

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self.places.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Between two polls of the listener: who is late?"""
        now = time.monotonic()
        with self._lock:
            for place in list(self.places.values()):
                if place.until is not None and place.until < now:
                    place.late = True
                    place.shut(socket.SHUT_RD if place.reads else socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that hung up is no error of ours."""
        try:
            raise  # what is being handled
        except (ConnectionError, Late):
            pass
        except Exception:
            super().handle_error(request, client_address)


class Metered:
    """A connection's bytes; its lines are those of heads, of which there is so much and no more."""

    def __init__(self, inner: BufferedReader, place: Place) -> None:
        self.inner, self.place, self.left = inner, place, 0
        self.peek, self.read, self.close = inner.peek, inner.read, inner.close

    def readline(self, size: int) -> bytes:
        line = self.inner.readline(min(size, self.left + 1))
        self.left -= len(line)
        if self.left < 0:
            raise http.client.LineTooLong("head")
        if not line.endswith(b"\n") and self.place.late:
            raise Late
        return line

    @property
    def closed(self) -> bool:
        return self.inner.closed


class Handler(BaseHTTPRequestHandler):
    """One request after the other, each within the server's limits. A subclass answers them."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits 40 ms for the caller's acknowledgement
    wbufsize = -1  # head and body in one packet
    server: Server

    def setup(self) -> None:
        super().setup()
        # One that had to make room before its thread ran has no place any more, and finds its end.
        self.place = self.server.places.get(self.request) or Place(self.request)
        self.rfile = self.metered = Metered(self.rfile, self.place)

    def handle_one_request(self) -> None:
        limits = self.server.limits
        self.command, self.requestline, self.request_version = "", "", self.protocol_version
        self.close_connection = True
        if not self.metered.peek(1):
            return
        self.place.waits(limits.head_seconds)
        self.metered.left = limits.head_bytes
        try:
            super().handle_one_request()
        except http.client.LineTooLong:  # in the headers the library itself answers: 431
            self.send_error(414)
        except Late:
            self.send_error(408)
        self.wfile.flush()
        if self.close_connection:
            self.linger()
        else:
            self.place.waits(limits.idle_seconds)

    def linger(self) -> None:
        """Until the caller has read the answer: a close with unread data destroys it."""
        self.place.waits(1)
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            for _ in range(16):
                if not self.metered.read(65536):
                    break

    def handle_expect_100(self) -> bool:
        """A caller that sends `Expect: 100-continue` gets the refusal before it sends."""
        return self.measure() is not None and super().handle_expect_100()

    def measure(self) -> int | None:
        """How long the body is; None where that was refused."""
        length = self.headers.get("Content-Length") or "0"
        if self.headers.get("Transfer-Encoding"):
            self.send_error(411)
        elif not (length.isascii() and length.isdigit() and len(length) < 20):
            self.send_error(400, "Content-Length is no number")
        elif int(length) > self.server.limits.body_bytes:
            self.send_error(413)
        else:
            return int(length)
        return None

    def body(self) -> bytes | None:
        """What was sent after the head; None where it was refused, or is not all there."""
        length = self.measure()
        if length is None:
            return None
        self.place.waits(self.server.limits.body_seconds)
        body = self.metered.read(length)
        self.place.works()
        if len(body) < length:
            self.send_error(408)
            return None
        return body

    def send_error(
        self,
        code: int,
        message: str | None = None,
        explain: str | None = None,  # noqa: ARG002
    ) -> None:
        """As everything else that is answered: JSON. And the end of the connection."""
        self.close_connection = True
        self.reply(code, {"error": message or HTTPStatus(code).phrase})

    def reply(self, code: int, document: dict[str, Any]) -> None:
        text = json.dumps(document).encode()
        self.place.waits(self.server.limits.answer_seconds, reads=False)
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Quiet: TensorFlow Serving logs no requests either."""

"""What one caller may cost the stand-in: each attack ends with an answer or a closed connection,
and soon, while another caller is served. The limits are small, and no TensorFlow is needed."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection

import pytest

from standin import bounds
from standin.bounds import Limits, Server

# Times: far more than a busy machine takes for what an honest caller does.
LIMITS = Limits(
    connections=8,
    head_bytes=4096,
    body_bytes=100_000,
    head_seconds=1.5,
    body_seconds=1.5,
    answer_seconds=1.5,
    idle_seconds=1.5,
)
ENOUGH = 10.0  # seconds: what has not ended by then never does
TOO_MUCH = 64 << 20
GET = b"GET / HTTP/1.1\r\nHost: x\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\n"


class Handler(bounds.Handler):
    def do_POST(self) -> None:  # noqa: N802
        if (body := self.body()) is not None:
            self.reply(200, {"size": len(body)})

    def do_GET(self) -> None:  # noqa: N802
        """More than a connection's buffers hold."""
        self.reply(200, {"large": "x" * (32 << 20) if self.path == "/large" else ""})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with Server(("127.0.0.1", 0), Handler, LIMITS) as server:
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture
def dial(port: int) -> Iterator[Callable[[], socket.socket]]:
    with contextlib.ExitStack() as opened:

        def connect() -> socket.socket:
            caller = socket.create_connection(("127.0.0.1", port), timeout=ENOUGH)
            return opened.enter_context(caller)

        yield connect


@pytest.fixture(autouse=True)
def another_is_served(port: int) -> Iterator[Callable[[], None]]:
    """Before, after, and all the while in between; it can be waited for."""
    wrong: list[object] = []
    served, over = threading.Event(), threading.Event()

    def ask() -> None:
        while not over.is_set():
            connection = HTTPConnection("127.0.0.1", port, timeout=ENOUGH)
            try:
                connection.request("POST", "/", b"honest")
                answer = connection.getresponse()
                if (answer.status, json.load(answer)) != (200, {"size": 6}):
                    wrong.append(answer.status)
            except OSError as error:
                wrong.append(error)
            finally:
                connection.close()
            served.set()
            over.wait(0.02)

    def once_more() -> None:
        served.clear()
        assert served.wait(ENOUGH)

    thread = threading.Thread(target=ask)
    thread.start()
    once_more()
    yield once_more
    once_more()
    over.set()
    thread.join(ENOUGH)
    assert not wrong


def end(caller: socket.socket) -> bytes:
    """What was answered until the server closed; fails where it does not."""
    answer = b""
    with contextlib.suppress(ConnectionError):
        while piece := caller.recv(65536):
            answer += piece
    return answer


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


@pytest.mark.parametrize(
    ("start", "piece", "wanted"),
    [
        (GET, b"a: b\r\n", 431),
        (GET + b"a: ", b"b" * 1000, 431),
        (b"GET /", b"b" * 1000, 414),
        (b"", b"\r\n" * 500, 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n", b"3e8\r\n" + b"b" * 1000 + b"\r\n", 411),
        (POST + b"Content-Length: 100001\r\n\r\n", b"b" * 1000, 413),
        (GET + b"\r\n", GET + b"\r\n", 200),  # and no answer is read
    ],
)
def test_what_has_no_end(dial: Callable, start: bytes, piece: bytes, wanted: int) -> None:
    caller, sent = dial(), 0
    with contextlib.suppress(ConnectionError):
        caller.sendall(start)
        while sent < TOO_MUCH:
            sent += caller.send(piece)
    assert sent < TOO_MUCH, "the server takes it all"
    # What is still being sent may destroy the server's last word: then the end is enough.
    assert status(end(caller)) in (0, wanted)


@pytest.mark.parametrize(
    ("request_", "wanted"),
    [
        (GET + b"a: b\r\n" * 110 + b"\r\n", 431),
        (GET + b"a: " + b"b" * 4096 + b"\r\n\r\n", 431),
        (b"GET /" + b"b" * 5000 + b" HTTP/1.1\r\n\r\n", 414),
        (POST + b"Content-Length: 100001\r\n\r\n", 413),
        (POST + b"Expect: 100-continue\r\nContent-Length: 100001\r\n\r\n", 413),
        (POST + b"Content-Length: -1\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (GET + b"a: " + b"b" * 3900 + b"\r\n\r\n", 200),
        (b"PUT / HTTP/1.1\r\n\r\n", 501),
    ],
)
def test_what_ends_is_answered(dial: Callable, request_: bytes, wanted: int) -> None:
    caller = dial()
    caller.sendall(request_)
    answer = end(caller)
    assert status(answer) == wanted
    assert wanted == 200 or json.loads(answer.partition(b"\r\n\r\n")[2])["error"]


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"", b""),  # a connection and nothing on it
        (b"G", b""),
        (GET, b"a"),
        (GET + b"\r\n" + GET, b"a"),  # the second request
        (POST + b"Content-Length: 1000\r\n\r\n", b"a"),
        (POST + b"Expect: 100-continue\r\nContent-Length: 1000\r\n\r\n", b""),
    ],
)
def test_a_caller_that_sends_a_byte_now_and_then(
    dial: Callable, start: bytes, piece: bytes
) -> None:
    caller = dial()
    began = time.monotonic()
    caller.settimeout(0.05)
    with contextlib.suppress(ConnectionError):
        caller.sendall(start)
        while time.monotonic() < began + ENOUGH:
            try:
                caller.sendall(piece)
                if not caller.recv(65536):
                    break
            except TimeoutError:
                continue
    assert time.monotonic() < began + 5


def test_what_comes_too_late_is_refused_in_words(dial: Callable) -> None:
    head, body = dial(), dial()
    head.sendall(GET)
    body.sendall(POST + b"Content-Length: 9\r\n\r\nhalf")
    assert status(end(head)) == status(end(body)) == 408


def test_a_caller_that_reads_nothing(dial: Callable) -> None:
    caller = dial()
    caller.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
    time_out = time.monotonic() + ENOUGH
    with contextlib.suppress(ConnectionError):
        while time.monotonic() < time_out:  # nothing is read: sending shows when the end has come
            caller.sendall(b"\r\n")
            threading.Event().wait(0.05)
    assert time.monotonic() < time_out
    assert len(end(caller)) < 32 << 20


def test_more_connections_than_there_are_places(
    dial: Callable, another_is_served: Callable[[], None]
) -> None:
    """Slow callers lose their places to new ones."""
    callers = []
    while len(callers) < 5 * LIMITS.connections:
        callers += [dial() for _ in range(3)]
        for caller in callers[-3:]:
            caller.sendall(GET)
        another_is_served()
    assert threading.active_count() < 3 * LIMITS.connections
    assert {status(end(caller)) for caller in callers} <= {0, 408}

"""What one caller may cost: each attack ends with an answer or a closed connection, and soon, while
another caller is served. The limits are small here, and the server is in the test's process."""

import contextlib
import json
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from typing import Any

import pytest

pytest.importorskip("httptools", reason="the model server has an image of its own")
uvicorn = pytest.importorskip("uvicorn")

from server.bounds import Limits, within  # noqa: E402

# Times: far more than a busy machine takes for what an honest caller does.
LIMITS = Limits(
    connections=8,
    head_bytes=4096,
    url_bytes=1024,
    headers=20,
    body_bytes=16 << 20,
    pipelined=4,
    head_seconds=1.5,
    body_seconds=1.5,
    answer_seconds=1.5,
    idle_seconds=1.5,
)
ENOUGH = 10.0  # seconds: what has not ended by then never does
TOO_MUCH = 64 << 20
GET = b"GET / HTTP/1.1\r\nHost: x\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\n"


async def app(scope: dict[str, Any], receive: Callable, send: Callable) -> None:
    """Reads the body, as the model server does; /large is more than a connection's buffers hold."""
    if scope["type"] != "http":
        return
    size = 0
    while scope["method"] == "POST" and scope["path"] != "/unread":
        message = await receive()
        size += len(message.get("body", b""))
        if message["type"] == "http.disconnect":
            told.put(scope["state"].get("refused"))
            return
        if not message.get("more_body"):
            break
    body = b"x" * (32 << 20) if scope["path"] == "/large" else b"%d" % size
    length = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": length})
    await send({"type": "http.response.body", "body": body})


told: "queue.SimpleQueue[int | None]" = queue.SimpleQueue()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    config = uvicorn.Config(
        app,
        http=within(LIMITS),
        ws="none",
        lifespan="off",
        log_config=None,
        timeout_keep_alive=LIMITS.idle_seconds,
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join(ENOUGH)


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
                if (answer.status, answer.read()) != (200, b"6"):
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


def pour(caller: socket.socket, piece: bytes) -> bytes:
    """Sends without end, which is over when the server has had enough."""
    sent = 0
    with contextlib.suppress(ConnectionError):
        while sent < TOO_MUCH:
            sent += caller.send(piece)
    assert sent < TOO_MUCH, "the server takes it all"
    return end(caller)


def drip(caller: socket.socket, piece: bytes) -> float:
    """Sends now and then, which is over when the server has waited enough: after how long?"""
    began = time.monotonic()
    caller.settimeout(0.05)
    while time.monotonic() < began + ENOUGH:
        try:
            caller.sendall(piece)
            if not caller.recv(65536):
                return time.monotonic() - began
        except TimeoutError:
            continue
        except ConnectionError:
            return time.monotonic() - began
    raise AssertionError("the server waits for ever")


@pytest.mark.parametrize(
    ("start", "piece", "wanted"),
    [
        (GET, b"a: b\r\n", {431}),
        (GET, b"a: " + b"b" * 1000 + b"\r\n", {431}),
        (GET + b"a: ", b"b" * 1000, {431}),
        (GET, b"b" * 1000, {431}),
        (b"GET /", b"b" * 1000, {414}),
        (b"", b"G" * 1000, {400}),
        (b"", b"\r\n" * 500, {431}),  # empty lines before a request
        (GET + b"\r\n", b"\r\n" * 500, {200}),
        (GET + b"Connection: close\r\n\r\n", GET, {200}),
    ],
)
def test_a_head_without_end(dial: Callable, start: bytes, piece: bytes, wanted: set[int]) -> None:
    caller = dial()
    caller.sendall(start)
    # What is still being sent may destroy the server's last word: then the end is enough.
    assert status(pour(caller, piece)) in wanted | {0}


@pytest.mark.parametrize(
    ("head", "wanted"),
    [
        (GET + b"a: b\r\n" * 21 + b"\r\n", 431),
        (GET + b"a: " + b"b" * 4096 + b"\r\n\r\n", 431),
        (b"GET /" + b"b" * 1024 + b" HTTP/1.1\r\n\r\n", 414),
        (GET + b"a: " + b"b" * 3900 + b"\r\n\r\n", 200),
        (b"no http\r\n\r\n", 400),
    ],
)
def test_a_head_that_ends_is_answered(dial: Callable, head: bytes, wanted: int) -> None:
    caller = dial()
    caller.sendall(head)
    answer = end(caller)
    assert status(answer) == wanted
    assert b"HTTP/1.1 200" in answer or json.loads(answer.partition(b"\r\n\r\n")[2])["error"]


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"", b""),  # a connection and nothing on it
        (b"", b"\r\n"),
        (b"G", b""),
        (GET, b"a"),
        (GET + b"\r\n" + GET, b"a"),  # the second request
        (GET + b"\r\n", b"\r\n"),
        (POST + b"Content-Length: 1000\r\n\r\n", b"a"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
        (POST + b"Expect: 100-continue\r\nContent-Length: 1000\r\n\r\n", b""),
        (b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n", b"a"),
    ],
)
def test_a_caller_that_sends_a_byte_now_and_then(
    dial: Callable, start: bytes, piece: bytes
) -> None:
    caller = dial()
    caller.sendall(start)
    assert drip(caller, piece) < 5


def test_what_comes_too_late_is_refused_in_words(dial: Callable) -> None:
    while not told.empty():
        told.get()
    head, body = dial(), dial()
    head.sendall(GET)
    body.sendall(POST + b"Content-Length: 9\r\n\r\nhalf")
    for caller, what in ((head, b"head"), (body, b"body")):
        answer = end(caller)
        assert status(answer) == 408
        assert what in answer
    while told.get(timeout=ENOUGH) != 408:  # the application hears it, and can count it
        pass


@pytest.mark.parametrize(
    "piece",
    [
        b"1;" + b"x" * 1000 + b"\r\na\r\n",  # chunks that are all extension
        b"0\r\na: " + b"b" * 1000,
        b"a\r\nnot a chunk",
    ],
)
def test_chunks_that_are_no_body(dial: Callable, piece: bytes) -> None:
    caller = dial()
    caller.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n")
    assert status(pour(caller, piece)) in (0, 400, 431)


def test_trailers_without_end(dial: Callable) -> None:
    caller = dial()
    caller.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n")
    assert status(pour(caller, b"a: b\r\n")) in (0, 431)


def test_a_body_without_end_that_nobody_reads(dial: Callable) -> None:
    caller = dial()
    caller.sendall(b"POST /unread HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    began, piece = time.monotonic(), b"1000\r\n" + b"a" * 4096 + b"\r\n"
    with contextlib.suppress(ConnectionError):
        while time.monotonic() < began + ENOUGH:
            caller.sendall(piece)
    assert time.monotonic() < began + 5


def test_a_hundred_requests_before_an_answer(dial: Callable) -> None:
    caller = dial()
    assert status(pour(caller, (GET + b"\r\n") * 1000)) in (0, 200)


def test_a_caller_that_reads_nothing(dial: Callable) -> None:
    caller = dial()
    caller.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
    # It is closed, so what it did take in the meantime is not the whole.
    time_out = time.monotonic() + ENOUGH
    with contextlib.suppress(ConnectionError):
        while time.monotonic() < time_out:  # nothing is read: sending shows when the end has come
            caller.sendall(b"\r\n")
            threading.Event().wait(0.05)
    assert time.monotonic() < time_out
    assert len(end(caller)) < 32 << 20


def test_a_body_that_is_too_large(dial: Callable) -> None:
    said, unsaid = dial(), dial()
    said.sendall(POST + b"Content-Length: %d\r\n\r\n" % (LIMITS.body_bytes + 1))
    assert status(end(said)) == 413
    unsaid.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n")
    assert status(pour(unsaid, b"10000\r\n" + b"a" * 65536 + b"\r\n")) in (0, 413)


def test_a_large_body_and_a_large_answer_take_the_time_they_need(dial: Callable) -> None:
    """Longer than the limit as a whole, and never that long for a MiB."""
    pieces, pause = 5, LIMITS.body_seconds / 4
    caller = dial()
    caller.sendall(POST + b"Content-Length: %d\r\n\r\n" % (pieces << 20))
    for _ in range(pieces):
        caller.sendall(b"a" * (1 << 20))
        time.sleep(pause)  # the caller's pace, which the test is about
    caller.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    taken = 0
    while piece := caller.recv(8 << 20, socket.MSG_WAITALL):
        taken += len(piece)
        time.sleep(pause)
    assert taken > 32 << 20


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
    assert {status(end(caller)) for caller in callers} <= {0, 408}


def test_an_idle_connection_is_closed_and_a_busy_one_is_not(dial: Callable) -> None:
    caller = dial()
    began = time.monotonic()
    while time.monotonic() < began + 2 * LIMITS.idle_seconds:
        caller.sendall(GET + b"\r\n")
        answer = b""
        while not answer.endswith(b"\r\n\r\n0"):
            answer += caller.recv(65536)
    assert end(caller) == b""

"""What one caller may cost: uvicorn's HTTP with limits on sizes, on times and on connections.

Over httptools: a third less CPU for each request than the parser in Python, but uvicorn sets it no
limits: it reads a head without end, and waits for ever for one that never ends. A connection
here either waits for its caller, and then a clock runs, or the caller waits for an answer. When all
places are taken, the connection that has waited longest for its caller makes room: slow callers
lose their places to honest ones, never the other way round.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# For the caller to read a refusal: a close with unread data destroys it.
LINGER_SECONDS = 1.0
LINGER_BYTES = 1 << 20

MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    connections: int = 100  # each may hold a body: this number times the body's limit is memory
    head_bytes: int = 32 * 1024  # request line and headers together
    url_bytes: int = 8 * 1024
    headers: int = 100
    body_bytes: int = 256 << 20  # an application that knows better refuses earlier
    pipelined: int = 8  # requests that came before the answer to the first
    head_seconds: float = 10.0  # until the head is there
    body_seconds: float = 30.0  # for each MiB of the body
    answer_seconds: float = 30.0  # until the caller has taken a MiB of the answer, or its end
    idle_seconds: float = 5.0  # between two requests


class Excess(Exception):  # noqa: N818
    """Ends the parser's work from within; the answer was noted before."""


class Bounded(HttpToolsProtocol):
    limits = Limits()

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.since = self.loop.time()
        self._clock: asyncio.TimerHandle | None = None
        self._clock_of: tuple[str, int, int] | None = None
        self._answer_clock: asyncio.TimerHandle | None = None
        self._unread = 0  # bytes of the answer, when its clock was started
        self._messages = 0
        self._in_head = self._in_body = self._refused = False
        self._excess = (400, "this is not HTTP")
        self._head_bytes = self._headers = 0
        self._framing = 0  # bytes of this message that are not its body
        self._body_bytes = 0

    # The connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # Then pause_writing means that the caller does not read, and resume_writing that it has.
        transport.set_write_buffer_limits(0)
        self._watch()
        if len(self.connections) > self.limits.connections:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        for clock in (self._clock, self._answer_clock):
            if clock:
                clock.cancel()
        super().connection_lost(exc)

    def _make_room(self) -> None:
        others = [one for one in self.connections if one is not self and one.waits()]
        if not others:
            self._refuse(503, f"all {self.limits.connections} connections are being answered")
            return
        oldest = min(others, key=lambda one: one.since)
        self.connections.discard(oldest)  # at once: more may come before it is told
        oldest.transport.abort()

    def waits(self) -> bool:
        """Whether the next move is the caller's."""
        if self._refused or self.flow.write_paused:
            return True
        return self._turn() is not None and not self.flow.read_paused

    def _turn(self) -> tuple[str, int, int] | None:
        """What is waited for: of which request, which MiB. None while an answer is being made."""
        if self._in_body and self.cycle.response_complete:
            return "body", self._messages, -1  # nobody reads the rest of it
        if self._in_body:
            return "body", self._messages, self._body_bytes // MIB
        if self._in_head:
            return "head", self._messages, 0
        if self.cycle is None or (self.cycle.response_complete and not self.pipeline):
            return "head", self._messages + 1, 0  # of which nothing came yet
        return None

    # The clocks

    def _watch(self) -> None:
        """Starts the clock of what is waited for now; one that runs for it already goes on."""
        turn = self._turn()
        if turn == self._clock_of:
            return
        if self._clock:
            self._clock.cancel()
        self._clock, self._clock_of, self.since = None, turn, self.loop.time()
        if turn:
            limits = self.limits
            seconds = limits.body_seconds if turn[0] == "body" else limits.head_seconds
            self._clock = self.loop.call_later(seconds, self._late, turn[0], seconds)

    def _late(self, what: str, seconds: float) -> None:
        if self.flow.read_paused:  # it is the application that takes its time
            self._clock_of = None
            self._watch()
        elif self._in_head or self._in_body:
            self._refuse(408, f"the {what} of the request did not arrive within {seconds:g} s")
        else:
            self.transport.abort()

    def pause_writing(self) -> None:
        super().pause_writing()
        self.since = self.loop.time()
        if not self._answer_clock:
            self._wait_for_reader()

    def _wait_for_reader(self) -> None:
        self._unread = self.transport.get_write_buffer_size()
        seconds = self.limits.answer_seconds
        self._answer_clock = self.loop.call_later(seconds, self._reader_late)

    def _reader_late(self) -> None:
        if self.transport.get_write_buffer_size() > self._unread - MIB:
            self.transport.abort()
        else:
            self._wait_for_reader()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._answer_clock:
            self._answer_clock.cancel()
            self._answer_clock = None

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self.since = self.loop.time()

    # The request

    def data_received(self, data: bytes) -> None:
        self._framing += len(data)
        if self._refused:
            if self._framing > LINGER_BYTES:
                self.transport.abort()
            return
        super().data_received(data)
        if self._refused or self.transport.is_closing():
            return
        limit, turn = self.limits.head_bytes, self._turn()
        # A header is seen when it ends, and empty lines before a request never are.
        if turn and turn[0] == "head" and self._framing > limit:
            self._refuse(431, f"the head of the request is larger than {limit} bytes")
        elif self._in_body and self._framing > 2 * limit + self._body_bytes:
            self._refuse(400, "chunks or trailers: more of them than of the body")
        else:
            self._watch()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._messages += 1
        self._in_head, self._in_body = True, False
        self._head_bytes = self._headers = self._framing = self._body_bytes = 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._head_bytes += len(url)
        if len(self.url) > self.limits.url_bytes:
            self._stop(414, f"the address is longer than {self.limits.url_bytes} bytes")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Of the head, and of what follows a chunked body."""
        limits = self.limits
        self._headers += 1
        self._head_bytes += len(name) + len(value) + 4
        if self._headers > limits.headers:
            self._stop(431, f"more than {limits.headers} headers")
        if self._head_bytes > limits.head_bytes:
            self._stop(431, f"the head of the request is larger than {limits.head_bytes} bytes")
        if name.lower() == b"content-length" and value.isdigit():
            self._weigh(int(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= self.limits.pipelined:
            self._stop(400, f"more than {self.limits.pipelined} requests before an answer")
        super().on_headers_complete()
        self._in_head, self._in_body = False, True

    def on_body(self, body: bytes) -> None:
        self._framing -= len(body)
        self._body_bytes += len(body)
        self._weigh(self._body_bytes)  # chunks announce no length
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_body = False
        self._framing = 0
        super().on_message_complete()

    # The refusal

    def _weigh(self, size: int) -> None:
        if size > self.limits.body_bytes:
            self._stop(413, f"the body is larger than {self.limits.body_bytes} bytes")

    def _stop(self, status: int, reason: str) -> None:
        self._excess = status, reason
        raise Excess(reason)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002
        """What the parser would not read: not HTTP, or more of it than is taken."""
        status, reason = self._excess
        self._refuse(status, reason)

    def _refuse(self, status: int, reason: str) -> None:
        cycle = self.cycle
        pending = cycle is not None and not cycle.response_complete
        alone = self._in_body and not self.pipeline and pending and not cycle.response_started
        if pending != self._in_body or (pending and not alone):
            self.transport.abort()  # a second answer would only spoil the first
            return
        self._refused, self._framing = True, 0
        if pending:
            self.scope["state"]["refused"] = status  # for who counts answers
            cycle.disconnected = True
            cycle.message_event.set()
        body = json.dumps({"error": reason}).encode()
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
            "content-type: application/json\r\n"
            f"content-length: {len(body)}\r\n"
            "connection: close\r\n\r\n"
        )
        self._unset_keepalive_if_required()
        if self._clock:
            self._clock.cancel()
        self._clock = self.loop.call_later(LINGER_SECONDS, self.transport.abort)
        self.transport.write(head.encode() + body)
        self.transport.write_eof()
        self.flow.resume_reading()  # and what comes is thrown away


def within(limits: Limits) -> Callable[..., Bounded]:
    """What uvicorn's `http` takes; its `timeout_keep_alive` is `limits.idle_seconds`."""
    return type("Bounded", (Bounded,), {"limits": limits})

"""A server for a learner's client that passes everything on, and keeps what came by."""

import contextlib
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import urlsplit

import lab

HOLD_SECONDS = 10  # more than a caller needs to print what it has


@dataclass
class Passed:
    """A request and its answer, as far as it has come."""

    path: str
    request: bytes
    status: int = 0
    answer: bytearray = field(default_factory=bytearray)
    early: bool = False  # the caller showed something while the end was held back

    def events(self) -> list[dict[str, Any]]:
        """What a stream was made of; an answer in one piece is one event."""
        text = self.answer.decode(errors="replace")
        if not text.startswith("data: "):
            return [json.loads(text)]
        data = [line[6:] for line in text.splitlines() if line.startswith("data: ")]
        return [json.loads(one) for one in data if one != "[DONE]"]

    def usage(self) -> dict[str, Any] | None:
        return next((event["usage"] for event in self.events() if event.get("usage")), None)


class Handler(BaseHTTPRequestHandler):
    passed: ClassVar[list[Passed]]
    shown: ClassVar[threading.Event | None]

    def serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        one = Passed(self.path, body)
        self.passed.append(one)
        live = HTTPConnection(urlsplit(lab.API).netloc, timeout=300)
        try:
            live.request(self.command, self.path, body or None)
            answer = live.getresponse()
            one.status = answer.status
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
            self.send_header("Connection", "close")
            self.end_headers()
            if self.shown:
                self.hold_back(answer.read(), one, self.shown)
            else:
                while piece := answer.read1(65536):
                    self.pass_on(piece, one)
        except OSError:  # one of the two ends left
            self.close_connection = True
        finally:
            live.close()

    do_GET = do_POST = serve  # noqa: N815

    def pass_on(self, piece: bytes, one: Passed) -> None:
        one.answer += piece
        self.wfile.write(piece)

    def hold_back(self, answer: bytes, one: Passed, shown: threading.Event) -> None:
        """The last third of a stream goes out once the caller has shown something of the rest.

        So it does not depend on how fast the two are whether a caller waits for the whole.
        """
        events = answer.splitlines(keepends=True)
        if not answer.startswith(b"data: "):
            return self.pass_on(answer, one)
        first = 2 * len(events) // 3
        self.pass_on(b"".join(events[:first]), one)
        one.early = shown.wait(HOLD_SECONDS)
        self.pass_on(b"".join(events[first:]), one)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def detour(
    shown: threading.Event | None = None,
) -> Iterator[tuple[list[Passed], dict[str, str]]]:
    """What passed, and the environment in which a client goes this way.

    With an event the end of each answer waits for it.
    """
    passed: list[Passed] = []
    handler = type("Detour", (Handler,), {"passed": passed, "shown": shown})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        yield passed, os.environ | {"MLOPS_LAB_ENDPOINT_API": address, "PYTHONUNBUFFERED": "1"}
        server.shutdown()

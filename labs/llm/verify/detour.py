"""A server for a learner's client that passes everything on, and keeps what came by."""

import contextlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import urlsplit

import lab


@dataclass
class Passed:
    """A request and its answer, as far as it has come."""

    path: str
    request: bytes
    status: int = 0
    answer: bytearray = field(default_factory=bytearray)
    over: threading.Event = field(default_factory=threading.Event)


class Handler(BaseHTTPRequestHandler):
    passed: ClassVar[list[Passed]]

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
            while piece := answer.read1(65536):
                one.answer += piece
                self.wfile.write(piece)
        except OSError:  # one of the two ends left
            self.close_connection = True
        finally:
            one.over.set()
            live.close()

    do_GET = do_POST = serve  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def detour() -> Iterator[tuple[list[Passed], dict[str, str]]]:
    """What passed, and the environment in which a client goes this way."""
    passed: list[Passed] = []
    handler = type("Detour", (Handler,), {"passed": passed})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        env = os.environ | {"MLOPS_LAB_ENDPOINT_API": address, "PYTHONDONTWRITEBYTECODE": "1"}
        env["PYTHONUNBUFFERED"] = "1"
        yield passed, env
        server.shutdown()

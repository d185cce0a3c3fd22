"""A proxy for a learner's client: records each request, puts an unknown number into the answer.

A client is pointed here by its endpoint variable; one with a typed address uses it as a proxy.
"""

import contextlib
import json
import os
import random
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import urlsplit

import lab
import verdict


@dataclass
class Seen:
    """What came this way."""

    rest: list[tuple[str, bytes, int, Any]] = field(default_factory=list)  # with the live answer
    connects: int = 0  # tunnels, which only gRPC opens through a proxy


def surprise() -> float:
    """A probability on one clear side of a half: rounded in any way, it stays there."""
    return random.choice([random.randint(2, 40), random.randint(60, 98)]) / 100


def forge(value: Any, number: float) -> Any:
    """The answer, row by row or by columns, with other numbers in it."""
    if isinstance(value, dict):
        verdict = int(number >= 0.5)
        return {
            key: forge(one, verdict if key == "rolled_back" else number)
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [forge(one, number) for one in value]
    return number if isinstance(value, int | float) else value


def probabilities(value: Any) -> list[float]:
    """All that an answer of `:predict` rates."""
    if isinstance(value, dict):
        return [one for key in value if key != "rolled_back" for one in probabilities(value[key])]
    if isinstance(value, list):
        return [one for inner in value for one in probabilities(inner)]
    return [float(value)] if isinstance(value, int | float) else []


class Handler(BaseHTTPRequestHandler):
    seen: ClassVar[Seen]
    number: ClassVar[float]
    tunnel: ClassVar[int | None]  # the port on this machine that tunnels end at

    def serve(self) -> None:
        parts = urlsplit(self.path)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        code, answer = lab.ask(path, body if self.command == "POST" else None)
        if self.command == "POST":
            self.seen.rest.append((path, body, code, answer))
            answer = forge(answer, self.number) if code == 200 else answer
        text = json.dumps(answer).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = serve  # noqa: N815

    def do_CONNECT(self) -> None:
        self.seen.connects += 1
        self.close_connection = True
        if self.tunnel is None:
            self.send_error(405)
            return
        with socket.create_connection(("127.0.0.1", self.tunnel), timeout=20) as end:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=pump, args=(end, self.connection), daemon=True)
            back.start()
            pump(self.connection, end)
            back.join(20)

    def log_message(self, *_: object) -> None:
        pass


def pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def detour(number: float, tunnel: int | None = None) -> Iterator[tuple[Seen, Callable[..., Any]]]:
    """What is seen, and how to run a client that goes this way."""
    seen = Seen()
    handler = type("Detour", (Handler,), {"seen": seen, "number": number, "tunnel": tunnel})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        env = os.environ | {"http_proxy": address, "MLOPS_LAB_ENDPOINT_API": address}
        for name in [name for name in env if name.lower() in ("no_proxy", "all_proxy")]:
            del env[name]
        # Nobody listens there, where there is no tunnel.
        env["MLOPS_LAB_ENDPOINT_GRPC"] = f"http://127.0.0.1:{tunnel or 9}"

        def run(module: str, file: str) -> Any:
            return verdict.run(lab.PYTHON, "-m", module, file, env=env)

        yield seen, run
        server.shutdown()

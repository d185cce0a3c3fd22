"""A real server on a free port, with the lab's model: the tests talk to it as callers do."""

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

CHAT = "/v1/chat/completions"
LIMITS = {"body_bytes": 65536, "answer_tokens": 32, "queue": 2, "per_caller": 0}


def chat(text: str = "Name a colour.", **more: Any) -> dict[str, Any]:
    body = {"messages": [{"role": "user", "content": text}], "max_tokens": 8, "temperature": 0}
    return body | more


@dataclass
class Live:
    port: int
    process: subprocess.Popen[bytes]

    def ask(self, path: str, body: Any = None) -> tuple[int, Any]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=120)
        data = body if isinstance(body, bytes | None) else json.dumps(body)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.request("GET" if data is None else "POST", path, data)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        try:
            return response.status, json.loads(text)
        except ValueError:
            return response.status, text.decode()

    def metric(self, name: str) -> float:
        lines = self.ask("/metrics")[1].splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))

    def open(self, body: dict[str, Any]) -> socket.socket:
        """A request that is sent and not read."""
        data = json.dumps(body).encode()
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=120)
        head = f"POST {CHAT} HTTP/1.1\r\nHost: lab\r\nContent-Length: {len(data)}\r\n\r\n"
        connection.sendall(head.encode() + data)
        return connection

    def wait(self, what: Callable[[], bool], seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, f"not so within {seconds} s"
            time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def configured(**settings: int) -> str:
    """The lab's configuration with other numbers."""
    text = Path("config/server.toml").read_text("utf-8")
    text = re.sub(r'(?m)^model = "[^"]*"', 'model = "smollm2-q4_1"', text)
    for name, value in settings.items():
        text = re.sub(rf"(?m)^{name} = \d+", f"{name} = {value}", text)
    return text


@contextlib.contextmanager
def serve(folder: Path, config: str) -> Iterator[Live]:
    """In a folder of its own, which has the code and the model by links."""
    for name in ("server", "models"):
        (folder / name).symlink_to(Path(name).resolve())
    (folder / "config").mkdir()
    (folder / "config/server.toml").write_text(config, "utf-8")
    port = free_port()
    env = os.environ | {"PORT": str(port), "HOST": "127.0.0.1"}
    # A socket's path may have about a hundred bytes.
    with subprocess.Popen([sys.executable, "-m", "server"], cwd=folder, env=env) as process:
        live = Live(port, process)

        def ready() -> bool:
            assert process.poll() is None, "the server ended"
            with contextlib.suppress(OSError):
                return live.ask("/health")[0] == 200
            return False

        try:
            live.wait(ready, 120)
            yield live
        finally:
            process.terminate()
            process.wait(60)


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    config = configured(context=2048, slots=2, drain_seconds=0, **LIMITS)
    with serve(tmp_path_factory.mktemp("lab"), config) as live:
        yield live

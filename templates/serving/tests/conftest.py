"""A real server on a free port, with freshly trained models: the tests talk to it as callers do."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

ROW = [800, 30, 2, 0, 18, 9, 1, 3]


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Live:
    port: int
    routing: Path
    process: subprocess.Popen[bytes]

    def ask(
        self,
        path: str,
        body: bytes | str | None = None,
        headers: dict[str, str] | None = None,
        method: str | None = None,
    ) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        verb = method or ("GET" if body is None else "POST")
        # A server that refuses a body may answer and close before all of it was sent.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.request(verb, path, body, headers or {})
        response = connection.getresponse()
        named = {name.lower(): value for name, value in response.getheaders()}
        answer = Answer(response.status, named, response.read())
        connection.close()
        return answer

    def infer(self, document: object, path: str = "/v2/models/rollback/infer") -> Answer:
        return self.ask(path, json.dumps(document))

    def metric(self, series: str) -> float:
        for line in self.ask("/metrics").body.decode().splitlines():
            if line.startswith(series + " "):
                return float(line.rpartition(" ")[2])
        return 0.0

    def route(self, text: str) -> None:
        """Writes routes and waits until the server has looked at them."""
        seen = 'routing_reloads_total{result="applied"}', 'routing_reloads_total{result="refused"}'
        before = sum(map(self.metric, seen))
        self.routing.write_text(text, "utf-8")
        wait_for(lambda: sum(map(self.metric, seen)) > before)


def wait_for(holds: Any, seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def tensor(**changes: object) -> dict[str, object]:
    return {"name": "features", "datatype": "FP32", "shape": [1, 8], "data": ROW} | changes


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    environment = os.environ | {"MODELS_DIR": str(folder)}
    subprocess.run([sys.executable, "-m", "train"], env=environment, timeout=240, check=True)
    return folder


def start(models: Path, folder: Path, **settings: str) -> Live:
    routing = folder / "routing.json"
    routing.write_text('{"rollback": {"1": 100}}', "utf-8")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = os.environ | {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "MODELS_DIR": str(models),
        "ROUTING_FILE": str(routing),
        **settings,
    }
    process = subprocess.Popen([sys.executable, "-m", "server"], env=environment)
    live = Live(port, routing, process)

    def answers() -> bool:
        assert process.poll() is None, "the server ended"
        try:
            return live.ask("/v2/health/live").status == 200
        except OSError:
            return False

    wait_for(answers)
    return live


@pytest.fixture(scope="session")
def server(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    live = start(models, tmp_path_factory.mktemp("config"))
    yield live
    live.process.kill()
    live.process.wait(10)

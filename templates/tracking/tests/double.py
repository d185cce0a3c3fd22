"""A small tracking server that writes down what it is asked, and answers as it is told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

EXPERIMENT = {"experiment": {"experiment_id": "7", "lifecycle_stage": "active"}}
RUN = {"run": {"info": {"run_id": "r1", "artifact_uri": "mlflow-artifacts:/7/r1/artifacts"}}}


@dataclass
class Asked:
    method: str
    path: str
    authorization: str | None
    body: bytes

    @property
    def json(self) -> dict:
        return json.loads(self.body)


@dataclass
class Double:
    uri: str = ""
    asked: list[Asked] = field(default_factory=list)
    answers: dict[str, tuple[int, object]] = field(
        default_factory=lambda: {
            "experiments/get-by-name": (200, EXPERIMENT),
            "runs/create": (200, RUN),
        }
    )

    def paths(self) -> list[str]:
        return [asked.path.removeprefix("/api/2.0/mlflow/").split("?")[0] for asked in self.asked]

    def bodies(self, path: str) -> list[dict]:
        return [asked.json for asked in self.asked if path in asked.path]

    def answer(self, path: str) -> tuple[int, bytes]:
        for part, (status, document) in self.answers.items():
            if part in path:
                text = document if isinstance(document, str) else json.dumps(document)
                return status, text.encode()
        return 200, b"{}"


@contextmanager
def serve() -> Iterator[Double]:
    double = Double()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            double.asked.append(
                Asked(self.command, self.path, self.headers.get("Authorization"), body)
            )
            status, content = double.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    double.uri = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield double
    server.shutdown()
    server.server_close()

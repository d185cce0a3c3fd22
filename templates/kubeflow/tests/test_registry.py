"""Versions in MLflow, against a double that keeps what it is told."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pipeline.registry import put


class MLflow(ThreadingHTTPServer):
    """As much of MLflow's REST API as a registration needs."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.uri = f"http://127.0.0.1:{self.server_port}"
        self.files: list[str] = []
        self.versions: list[dict[str, object]] = []

    def answer(self, path: str, body: dict[str, object]) -> dict[str, object]:
        if path.endswith("experiments/get-by-name"):
            return {"experiment": {"experiment_id": "1"}}
        if path.endswith("runs/create"):
            uri = "mlflow-artifacts:/1/r1/artifacts"
            return {"run": {"info": {"run_id": "r1", "artifact_uri": uri}}}
        if path.endswith("model-versions/search"):
            return {"model_versions": self.versions} if self.versions else {}
        if path.endswith("model-versions/create"):
            version = body | {"version": str(len(self.versions) + 1)}
            self.versions.append(version)
            return {"model_version": version}
        return {}


class Handler(BaseHTTPRequestHandler):
    server: MLflow

    def _do(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0]
        if self.command == "PUT":
            self.server.files.append(path.rpartition("/artifacts/")[2])
        body = json.loads(content) if self.command == "POST" else {}
        answer = json.dumps(self.server.answer(path, body)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PUT = _do  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def mlflow(monkeypatch: pytest.MonkeyPatch) -> Iterator[MLflow]:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")  # put sets it: undone after the test
    with MLflow() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_a_version_in_mlflow_comes_from_a_run_with_the_model(
    mlflow: MLflow, tmp_path: Path
) -> None:
    (tmp_path / "model.onnx").write_bytes(b"one")
    card = put(tmp_path, 0.84, mlflow.uri)
    assert card["version"] == "1"
    assert mlflow.files == ["model/MLmodel", "model/card.json", "model/model.onnx"]
    (version,) = mlflow.versions
    assert (version["name"], version["source"]) == ("rollback", "runs:/r1/model")
    assert version["tags"] == [{"key": "sha256", "value": card["sha256"]}]


def test_the_same_model_is_not_released_twice(mlflow: MLflow, tmp_path: Path) -> None:
    for _ in range(2):
        (tmp_path / "model.onnx").write_bytes(b"one")
        assert put(tmp_path, 0.84, mlflow.uri)["version"] == "1"
    assert len(mlflow.versions) == 1

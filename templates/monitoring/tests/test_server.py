"""The server with its observer: what it was asked can be found again by id."""

import json
import os
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path

import pytest

pytest.importorskip("onnxruntime", reason="the server has an image of its own")
pytest.importorskip("sklearn", reason="training has an image of its own")

ROW = [800, 30, 2, 0, 18, 9, 1, 3]


def test_an_answered_request_leaves_a_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = os.environ | {"MODELS_DIR": str(tmp_path / "models"), "DATA_DIR": str(tmp_path)}
    environment |= {"HOST": "127.0.0.1", "PORT": str(port), "OBSERVER": "observe:request"}
    subprocess.run([sys.executable, "-m", "train"], env=environment, timeout=240, check=True)
    server = subprocess.Popen([sys.executable, "-m", "server"], env=environment)
    try:
        tensor = {"name": "features", "datatype": "FP32", "shape": [1, 8], "data": ROW}
        asked = {"id": "a-7", "inputs": [tensor], "outputs": [{"name": "label"}]}
        answer = ask(port, json.dumps(asked))
    finally:
        server.kill()
        server.wait(10)
    (line,) = (tmp_path / "predictions.jsonl").read_text().splitlines()
    found = json.loads(line)
    assert (found["id"], found["version"]) == ("a-7", answer["model_version"])
    assert 0.5 < found["probability"] <= 1
    assert [output["name"] for output in answer["outputs"]] == ["label"]


def ask(port: int, body: str) -> dict:
    end = time.monotonic() + 60
    while True:
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("POST", "/v2/models/rollback/infer", body)
            return json.loads(connection.getresponse().read())
        except OSError:
            assert time.monotonic() < end, "the server does not answer"
            time.sleep(0.1)
        finally:
            connection.close()

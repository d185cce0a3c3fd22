"""The way of a model from the training to its callers, with real servers."""

import hashlib
import json
import subprocess
import time
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import pytest

import track
from ops.server import SERVE
from tests.conftest import Lab
from train.data import make

SERVE_MODEL = ["sh", "ops/model.sh"]


@pytest.fixture(scope="session")
def trained(lab: Lab) -> str:
    lab.run("train")
    return lab.runs("attributes.run_name = 'train'")[0]["info"]["run_id"]


@pytest.fixture(scope="session")
def champion(lab: Lab) -> str:
    """The run of the search that fits the budget best, registered."""
    lab.run("train.search")
    parent = lab.runs("tags.purpose = 'search'")[0]
    children = lab.runs(f"tags.`mlflow.parentRunId` = '{parent['info']['run_id']}'")
    assert len(children) == int(parent["data"]["params"]["candidates"])
    budget = int(parent["data"]["params"]["budget_bytes"])
    small = [run for run in children if run["data"]["metrics"]["model_bytes"] <= budget]

    def best(runs: list[dict], metric: str) -> str:
        return max(runs, key=lambda run: run["data"]["metrics"][metric])["info"]["run_id"]

    chosen = best(small, "validation_auc")
    # Else the step would have no wrong answers.
    others = {
        best(children, "validation_auc"),
        best(children, "training_auc"),
        best(small, "training_auc"),
    }
    assert len(others) == 3
    assert chosen not in others
    (lab.folder / "choice.json").write_text(json.dumps({"run_id": chosen}), "utf-8")
    lab.run("ops.register")
    return chosen


def test_a_training_is_recorded(lab: Lab, trained: str) -> None:
    run = lab.call("GET", f"runs/get?run_id={trained}")["run"]
    assert run["info"]["status"] == "FINISHED"
    metrics = {metric["key"]: metric["value"] for metric in run["data"]["metrics"]}
    # A tolerance, not the exact value: other processors round otherwise.
    assert metrics["validation_auc"] == pytest.approx(0.840, abs=0.01)
    assert metrics["training_auc"] == pytest.approx(0.865, abs=0.01)
    files = lab.call("GET", f"artifacts/list?run_id={trained}")["files"]
    assert {file["path"] for file in files} == {"report.json", "confusion.csv"}
    model = run["outputs"]["model_outputs"][0]["model_id"]
    status = lab.call("GET", f"logged-models/{model}")["model"]["info"]["status"]
    assert status == "LOGGED_MODEL_READY"


def test_an_artifact_is_fetched(lab: Lab, trained: str) -> None:
    said = json.loads(lab.run("client.fetch", trained, "report.json", "reports/fetched.json"))
    content = (lab.folder / "reports/fetched.json").read_bytes()
    assert said == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    assert json.loads(content)["rows"] == 6000


def test_the_champion_is_loaded_by_its_alias(lab: Lab, champion: str) -> None:
    found = lab.call("GET", "registered-models/alias?name=rollback&alias=champion")
    assert found["model_version"]["run_id"] == champion
    lab.run("ops.register")  # again: nothing new
    assert lab.call("GET", "registered-models/alias?name=rollback&alias=champion") == found
    answer = json.loads(lab.run("client.load", "requests/risky.json"))
    assert answer["version"] == found["model_version"]["version"]
    assert answer["rolled_back"]
    assert not json.loads(lab.run("client.load", "requests/calm.json"))["rolled_back"]


@pytest.mark.usefixtures("champion")
def test_the_served_champion_answers_as_the_loaded_one(lab: Lab) -> None:
    lab.run("ops.deploy")
    server = subprocess.Popen(SERVE_MODEL, cwd=lab.folder, env=lab.environment)
    rows = make(20, 99).features
    try:
        served = ask(f"http://127.0.0.1:{lab.model_port}/v2/models/rollback/infer", rows)
    finally:
        server.terminate()
        server.wait(30)
    (lab.folder / "rows.json").write_text(json.dumps(rows.tolist()), "utf-8")
    (lab.folder / "loaded.py").write_text(
        "import json, mlflow, numpy, ops\n"
        "rows = numpy.array(json.load(open('rows.json')), dtype=numpy.float32)\n"
        "model = mlflow.pyfunc.load_model('models:/rollback@champion')\n"
        "print(json.dumps(model.predict({'features': rows})['probabilities'].tolist()))\n",
        "utf-8",
    )
    np.testing.assert_allclose(served, json.loads(lab.run("loaded")), atol=1e-6)


def ask(url: str, rows: np.ndarray) -> np.ndarray:
    tensor = {"name": "features", "datatype": "FP32", "shape": list(rows.shape)}
    body = json.dumps({"inputs": [tensor | {"data": rows.ravel().tolist()}]}).encode()
    end = time.monotonic() + 20
    while True:
        try:
            with urlopen(url, body, timeout=5) as response:
                outputs = json.load(response)["outputs"]
        except OSError:
            assert time.monotonic() < end, "the model server does not answer"
            time.sleep(0.1)
        else:
            return np.array(outputs[1]["data"]).reshape(len(rows), 2)


def test_the_library_logs_what_mlflow_reads(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", lab.uri)
    (tmp_path / "notes.txt").write_text("kept\n", "utf-8")
    with track.run("library", experiment="rollback", params={"depth": 3}) as run:
        run.metrics({"auc": 0.5})
        run.metrics({"auc": 0.75}, step=1)
        run.artifact(tmp_path / "notes.txt", "texts")
    found = lab.runs("attributes.run_name = 'library'")[0]
    assert found["info"]["status"] == "FINISHED"
    assert found["data"]["metrics"] == {"auc": 0.75}
    assert found["data"]["params"] == {"depth": "3"}
    query = f"get-artifact?run_uuid={run.id}&path=texts/notes.txt"
    with urlopen(f"{lab.uri}/{query}", timeout=5) as response:
        assert response.read() == b"kept\n"


def test_a_kill_loses_nothing_that_was_acknowledged(lab: Lab) -> None:
    said = lab.run("ops.ledger", "--runs", "40", "--clients", "4")
    report = json.loads((lab.folder / "reports/ledger.json").read_text("utf-8"))
    assert report["lost"] == 0, said
    assert report["acknowledged"]["ends before the kill"] >= 20
    assert report["acknowledged"]["ends after the restart"] > 0
    assert report["began"] < report["killed"] < report["back"] < report["ended"]


def test_a_taken_port_is_named(lab: Lab) -> None:
    done = subprocess.run(
        SERVE, cwd=lab.folder, env=lab.environment, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert f"port {lab.port} is not free" in done.stderr.decode()

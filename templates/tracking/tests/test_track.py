"""The library: what it sends, and that no failure looks like success."""

import base64
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

import track
from tests import double
from tests.double import Double


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("URI", "USERNAME", "PASSWORD"):
        monkeypatch.delenv(f"MLFLOW_TRACKING_{name}", raising=False)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Double]:
    with double.serve() as running:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", running.uri + "/")
        yield running


def log() -> None:
    with track.run("train", experiment="e") as run:
        run.metrics({"auc": 0.8})


def test_without_a_server_nothing_is_sent_and_nothing_fails() -> None:
    with track.run("train", experiment="e", params={"depth": 3}) as run:
        run.metrics({"auc": 0.8})
        run.artifact("not there")
    assert run.id == ""


def test_a_run_is_made_filled_and_finished(server: Double) -> None:
    with track.run("train", experiment="a & b", params={"depth": 3}, tags={"rev": "abc"}) as run:
        run.metrics({"auc": 0.8}, step=2)
        run.tags({"late": True})
    assert run.id == "r1"
    assert server.paths() == [
        "experiments/get-by-name",
        "runs/create",
        *["runs/log-batch"] * 3,
        "runs/update",
    ]
    assert server.asked[0].path.endswith("experiment_name=a%20%26%20b")
    created = server.bodies("runs/create")[0]
    assert created["experiment_id"] == "7"
    assert created["run_name"] == "train"
    assert created["tags"] == [{"key": "rev", "value": "abc"}]
    params, metrics, tags = server.bodies("log-batch")
    assert params["params"] == [{"key": "depth", "value": "3"}]
    assert (metrics["metrics"][0]["value"], metrics["metrics"][0]["step"]) == (0.8, 2)
    assert tags["tags"] == [{"key": "late", "value": "True"}]
    assert server.bodies("runs/update")[0]["status"] == "FINISHED"


def test_a_missing_experiment_is_made(server: Double) -> None:
    missing = {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "none"}
    server.answers["get-by-name"] = server.answers["experiments/get-by-name"] = (404, missing)
    server.answers["experiments/create"] = (200, {"experiment_id": "9"})
    log()
    assert server.bodies("runs/create")[0]["experiment_id"] == "9"


def test_a_deleted_experiment_is_named(server: Double) -> None:
    deleted = {"experiment": {"experiment_id": "7", "lifecycle_stage": "deleted"}}
    server.answers["experiments/get-by-name"] = (200, deleted)
    with pytest.raises(track.TrackError, match="was deleted"):
        log()


@pytest.mark.parametrize(
    ("error", "status"), [(ValueError("bad data"), "FAILED"), (KeyboardInterrupt(), "KILLED")]
)
def test_a_block_that_raises_ends_the_run_as_what_it_is(
    server: Double, error: BaseException, status: str
) -> None:
    with pytest.raises(type(error)), track.run("train", experiment="e"):
        raise error
    assert server.bodies("runs/update")[0]["status"] == status


@pytest.mark.parametrize(
    "path", ["experiments/get-by-name", "runs/create", "runs/log-batch", "runs/update"]
)
def test_a_failing_server_is_an_error_at_every_call(server: Double, path: str) -> None:
    server.answers[path] = (500, {"error_code": "INTERNAL_ERROR", "message": "disk full"})
    with pytest.raises(track.TrackError, match="answers 500: disk full"):
        log()


def test_more_than_a_batch_is_sent_in_pieces(server: Double) -> None:
    with track.run("train", experiment="e", params={f"p{n}": n for n in range(250)}):
        pass
    assert [len(body["params"]) for body in server.bodies("log-batch")] == [100, 100, 50]


def test_an_artifact_arrives_whole_and_through_the_server(server: Double, tmp_path: Path) -> None:
    file = tmp_path / "a b.bin"
    file.write_bytes(os.urandom(3_000_000))
    with track.run("train", experiment="e") as run:
        run.artifact(file, "plots")
    put = next(asked for asked in server.asked if asked.method == "PUT")
    assert put.path == "/api/2.0/mlflow-artifacts/artifacts/7/r1/artifacts/plots/a%20b.bin"
    assert put.body == file.read_bytes()


def test_a_full_store_is_an_error(server: Double, tmp_path: Path) -> None:
    server.answers["mlflow-artifacts"] = (507, "no space left")
    (tmp_path / "x").write_text("x")
    with (
        pytest.raises(track.TrackError, match="507: no space left"),
        track.run("train", experiment="e") as run,
    ):
        run.artifact(tmp_path / "x")
    assert server.bodies("runs/update")[0]["status"] == "FAILED"


def test_a_server_that_does_not_pass_artifacts_on_is_named(server: Double) -> None:
    info = {"run_id": "r1", "artifact_uri": "s3://bucket/7/r1/artifacts"}
    server.answers["runs/create"] = (200, {"run": {"info": info}})
    with (
        pytest.raises(track.TrackError, match="--artifacts-destination"),
        track.run("train", experiment="e") as run,
    ):
        run.artifact("x")


def test_name_and_password_are_sent(server: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "lab")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "s:cret")
    log()
    expected = "Basic " + base64.b64encode(b"lab:s:cret").decode()
    assert {asked.authorization for asked in server.asked} == {expected}


@pytest.mark.parametrize(
    ("status", "text", "hint"),
    [
        (401, "<h1>401</h1>", "MLFLOW_TRACKING_PASSWORD"),
        (403, "Invalid Host header - possible DNS rebinding", "MLFLOW_SERVER_ALLOWED_HOSTS"),
        (200, "<html>another program</html>", "does not answer as MLflow"),
    ],
)
def test_a_refusal_says_what_to_do(server: Double, status: int, text: str, hint: str) -> None:
    server.answers["experiments/get-by-name"] = (status, text)
    with pytest.raises(track.TrackError, match=hint):
        log()


def test_nobody_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{port}")
    with pytest.raises(track.TrackError, match="no answer from"):
        log()


def test_a_file_is_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    with pytest.raises(track.TrackError, match="only a server"):
        log()


@pytest.mark.usefixtures("server")
def test_a_metric_is_a_number() -> None:
    with (
        pytest.raises(track.TrackError, match="neither NaN"),
        track.run("train", experiment="e") as run,
    ):
        run.metrics({"auc": float("nan")})

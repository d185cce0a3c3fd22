"""The service around the model: health, metadata, routes, metrics, the stop."""

import shutil
import signal
import socket
import time
from pathlib import Path

import pytest

from tests.conftest import Live, start, tensor, wait_for

QUESTION = {"inputs": [tensor()]}


def test_health_and_metadata(server: Live) -> None:
    assert server.ask("/v2/health/live").json == {"live": True}
    assert server.ask("/v2/health/ready").json == {"ready": True}
    assert server.ask("/v2").json["extensions"] == ["binary_tensor_data"]
    assert server.ask("/v2/models/rollback/ready").status == 200
    described = server.ask("/v2/models/rollback/versions/2").json
    assert described["versions"] == ["1", "2"]
    assert described["inputs"] == [{"name": "features", "datatype": "FP32", "shape": [-1, 8]}]
    assert described["parameters"]["algorithm"] == "gradient boosting"
    index = server.ask("/v2/repository/index", b"").json
    assert [entry["state"] for entry in index] == ["READY"] * 2


def test_unknown_paths_are_refused_as_json(server: Live) -> None:
    answer = server.ask("/v2/nowhere")
    assert (answer.status, answer.json) == (404, {"error": "GET /v2/nowhere: Not Found"})


def test_a_version_can_be_asked_by_name(server: Live) -> None:
    for version in ("1", "2"):
        answer = server.infer(QUESTION, f"/v2/models/rollback/versions/{version}/infer")
        assert answer.json["model_version"] == version


def test_ninety_to_ten_is_exact(server: Live) -> None:
    server.route('{"rollback": {"1": 90, "2": 10}}')
    versions = [server.infer(QUESTION).json["model_version"] for _ in range(200)]
    assert (versions.count("1"), versions.count("2")) == (180, 20)
    assert all(versions[i : i + 10].count("2") == 1 for i in range(0, 200, 10))
    server.route('{"rollback": {"1": 100}}')


@pytest.mark.parametrize("text", ["{", "{}", '{"rollback": {"9": 1}}', '{"rollback": {"1": -1}}'])
def test_bad_routes_are_refused_and_the_old_ones_stay(server: Live, text: str) -> None:
    server.route(text)
    assert server.metric("routing_last_reload_success") == 0
    assert server.ask("/v2/health/ready").status == 200
    assert server.infer(QUESTION).json["model_version"] == "1"
    server.route('{"rollback": {"1": 100}}')
    assert server.metric("routing_last_reload_success") == 1


def test_a_version_that_was_added_is_loaded_when_the_routes_name_it(
    models: Path, tmp_path: Path
) -> None:
    shutil.copytree(models, tmp_path / "models")
    live = start(tmp_path / "models", tmp_path)
    try:
        shutil.copytree(models / "rollback/2", tmp_path / "models/rollback/4")
        assert live.infer(QUESTION, "/v2/models/rollback/versions/4/infer").status == 404
        live.route('{"rollback": {"4": 100}}')
        assert live.infer(QUESTION).json["model_version"] == "4"
        outcome = 'model_predictions_total{model="rollback",outcome="rolled_back",version="4"}'
        assert live.metric(outcome) == 1
    finally:
        live.process.kill()
        live.process.wait(10)


def test_outcomes_are_counted_whatever_output_was_asked_for(server: Live) -> None:
    outcome = 'model_predictions_total{model="rollback",outcome="rolled_back",version="2"}'
    before = server.metric(outcome)
    asked = QUESTION | {"outputs": [{"name": "probabilities"}]}
    answer = server.infer(asked, "/v2/models/rollback/versions/2/infer")
    assert [output["name"] for output in answer.json["outputs"]] == ["probabilities"]
    assert server.metric(outcome) == before + 1


def test_metrics_tell_versions_outcomes_and_mistakes_apart(server: Live) -> None:
    def reading() -> list[float]:
        return [
            server.metric('model_requests_total{code="200",model="rollback",version="2"}'),
            server.metric('model_requests_total{code="400",model="rollback",version="2"}'),
            server.metric(
                'model_predictions_total{model="rollback",outcome="rolled_back",version="2"}'
            ),
        ]

    before = reading()
    path = "/v2/models/rollback/versions/2/infer"
    server.infer(QUESTION, path)
    server.infer({}, path)
    assert [now - then for now, then in zip(reading(), before, strict=True)] == [1, 1, 1]


def test_invented_names_make_no_series(server: Live) -> None:
    for n in range(5):
        server.infer(QUESTION, f"/v2/models/invented-{n}/infer")
    assert b"invented" not in server.ask("/metrics").body
    assert server.metric('model_requests_total{code="404",model="",version=""}') >= 5


def test_a_caller_that_hangs_up_is_no_failure_of_the_server(server: Live) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as caller:
        path = b"/v2/models/rollback/infer"
        caller.sendall(b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf")
        time.sleep(0.2)
    wait_for(lambda: server.metric('model_requests_total{code="499",model="",version=""}') >= 1)
    assert server.metric('model_requests_total{code="500",model="",version=""}') == 0


def test_without_models_it_lives_but_is_not_ready(tmp_path: Path) -> None:
    live = start(tmp_path / "nothing", tmp_path)
    try:
        answer = live.ask("/v2/health/ready")
        assert (answer.status, answer.json["ready"]) == (503, False)
        assert live.infer(QUESTION).status == 404
    finally:
        live.process.kill()
        live.process.wait(10)


def test_a_broken_file_does_not_take_the_good_versions_down(models: Path, tmp_path: Path) -> None:
    (tmp_path / "models/rollback").mkdir(parents=True)
    (tmp_path / "models/rollback/1").symlink_to(models / "rollback/1")
    (tmp_path / "models/rollback/7").mkdir()
    (tmp_path / "models/rollback/7/model.onnx").write_bytes(b"no model")
    live = start(tmp_path / "models", tmp_path)
    try:
        states = {e["version"]: e["state"] for e in live.ask("/v2/repository/index").json}
        assert states == {"1": "READY", "7": "UNAVAILABLE"}
        assert live.ask("/v2/health/ready").status == 200
    finally:
        live.process.kill()
        live.process.wait(10)


def test_the_drain_answers_until_the_end(models: Path, tmp_path: Path) -> None:
    live = start(models, tmp_path, DRAIN_SECONDS="1")
    began = time.monotonic()
    live.process.send_signal(signal.SIGTERM)
    wait_for(lambda: live.ask("/v2/health/ready").status == 503)
    answer = live.infer(QUESTION)
    assert answer.status == 200
    assert answer.headers["connection"] == "close"
    assert live.process.wait(10) == -signal.SIGTERM
    assert time.monotonic() - began >= 1


def test_without_a_drain_it_stops_at_once(models: Path, tmp_path: Path) -> None:
    live = start(models, tmp_path, DRAIN_SECONDS="0")
    began = time.monotonic()
    live.process.send_signal(signal.SIGTERM)
    live.process.wait(10)
    assert time.monotonic() - began < 5

"""The server that runs as a process: the stand-in, or the real one where it is on PATH."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import grpc
import numpy as np
import pytest

import wire  # first: it brings what tensorflow_serving needs
from features import FEATURES
from tests.conftest import ROW, TENSORFLOW, Live, free_port, start, wait_for

from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

standin_only = pytest.mark.skipif(
    shutil.which("tensorflow_model_server") is not None, reason="this is about the stand-in"
)


def columns(dtype: type = np.float32) -> dict[str, np.ndarray]:
    return {name: np.array([value], dtype) for name, value in zip(FEATURES, ROW, strict=True)}


def call(live: Live, signature: str, inputs: dict[str, np.ndarray]) -> predict_pb2.PredictResponse:
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = "rollback", signature
    request.model_spec.version_label = "stable"
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(wire.tensor(value))
    with grpc.insecure_channel(f"127.0.0.1:{live.grpc}") as channel:
        return prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict(
            request, timeout=10
        )


def test_rows_columns_and_grpc_agree(server: Live) -> None:
    _, rows = server.predict("/labels/stable", instances=[ROW, ROW])
    _, inputs = server.predict("/labels/stable", inputs={"features": [ROW]})
    _, named = server.predict(
        "/labels/stable",
        signature_name="deployment",
        instances=[dict(zip(FEATURES, ROW, strict=True))],
    )
    answer = call(server, "deployment", columns())
    probability = wire.array(answer.outputs["probability"])[0]
    assert rows["predictions"] == pytest.approx([probability, probability])
    assert inputs["outputs"] == pytest.approx([probability])
    assert named["predictions"][0]["probability"] == pytest.approx(probability)
    assert named["predictions"][0]["rolled_back"] == 1
    assert answer.model_spec.version.value == 1


@pytest.mark.parametrize(
    ("document", "status"),
    [
        ({"instances": ROW}, 400),  # a row where a list of rows is meant
        ({"instances": [ROW[:7]]}, 400),
        ({"instances": [["800"] * 8]}, 400),
        ({"instances": []}, 400),
        ({"instances": [ROW], "signature_name": "no-such"}, 400),
        ({"inputs": {"no_such": [ROW]}}, 400),
        ({}, 400),
    ],
)
def test_what_is_no_request_is_refused_in_words(
    server: Live, document: dict[str, object], status: int
) -> None:
    code, answer = server.predict(**document)
    assert code == status
    assert answer["error"]


def test_what_does_not_exist_is_404(server: Live) -> None:
    for path in ("/v1/models/no-such", "/v1/models/rollback/versions/9"):
        assert server.ask(path)[0] == 404, path


def test_a_path_without_a_deed_is_refused(server: Live) -> None:
    code, answer = server.ask("/v1/models/rollback/labels/stable", {"instances": [ROW]})
    assert code == 400
    assert "Malformed request" in answer["error"]
    assert server.ask("/v1/models/rollback/labels/none:predict", {"instances": [ROW]})[0] == 400
    assert server.ask("/v1/models/rollback:predict", b'{"instances":')[0] == 400


def test_the_status_looks_at_no_label(server: Live) -> None:
    assert server.states("/labels/stable") == server.states()


def test_grpc_converts_nothing(server: Live) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        call(server, "deployment", columns(np.float64))
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_status_and_metadata_over_grpc(server: Live) -> None:
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "rollback"
    status = get_model_status_pb2.GetModelStatusRequest()
    status.model_spec.name = "rollback"
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc}") as channel:
        service = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        metadata = service.GetModelMetadata(request, timeout=10)
        states = model_service_pb2_grpc.ModelServiceStub(channel).GetModelStatus(status, timeout=10)
    described = get_model_metadata_pb2.SignatureDefMap()
    assert metadata.metadata["signature_def"].Unpack(described)
    assert set(described.signature_def["deployment"].inputs) == set(FEATURES)
    assert {one.version for one in states.model_version_status} == {1, 2}


def test_a_label_moves_without_a_restart_and_a_bad_file_changes_nothing(server: Live) -> None:
    good = server.config.read_text("utf-8")

    def write(text: str) -> None:
        new = server.config.with_suffix(".new")
        new.write_text(text, "utf-8")
        new.replace(server.config)

    moved = good.replace('"stable" value: 1', '"stable" value: 2')
    assert moved != good
    try:
        write(moved)
        wait_for(lambda: server.meaning("stable") == "2")
        _, first = server.predict("/versions/1", instances=[ROW])
        _, label = server.predict("/labels/stable", instances=[ROW])
        assert label["predictions"] != first["predictions"]
        write("no_such_field: 1\n")
        # Two good looks later everything is as it was: the copy follows, the server refuses it.
        copy = server.root / "reports/models.config"
        wait_for(lambda: "no_such_field" in copy.read_text("utf-8"))
        write(
            moved.replace(
                '"stable" value: 2', '"stable" value: 2 } version_labels { key: "x" value: 1'
            )
        )
        wait_for(lambda: server.meaning("x") == "1")
        assert server.meaning("stable") == "2"
        # A label goes to what is loaded before the edit: else nothing of the edit is done.
        shutil.copytree(server.root / "models/rollback/2", server.root / "models/rollback/3")
        write(
            moved.replace("versions: 2 }", "versions: 2 versions: 3 }").replace(
                '"stable" value: 2', '"stable" value: 3'
            )
        )
        wait_for(lambda: "versions: 3" in copy.read_text("utf-8"))
        write(moved.replace("versions: 1 ", ""))
        wait_for(lambda: server.states() == {"2": "AVAILABLE", "1": "END"})
        assert server.meaning("stable") == "2"
    finally:
        # Back in the server's order: load, then label.
        shutil.rmtree(server.root / "models/rollback/3", ignore_errors=True)
        write(moved)
        wait_for(lambda: server.states() == {"2": "AVAILABLE", "1": "AVAILABLE"})
        write(good)
        wait_for(lambda: server.meaning("stable") == "1")


@standin_only
def test_the_stand_in_says_that_it_is_one(server: Live) -> None:
    assert "not TensorFlow Serving" in server.ask("/v1/models/rollback")[1]["stand_in"]


@standin_only
@pytest.mark.parametrize(
    ("added", "flags", "why"),
    [
        ("no_such_field: 1\n", ["--allow_version_labels_for_unavailable_models=true"], "no field"),
        ("", [], "which is not currently available"),  # a label, and nothing is loaded yet
    ],
)
def test_it_does_not_start_with_a_file_that_it_refuses(
    exported: Path, tmp_path: Path, added: str, flags: list[str], why: str
) -> None:
    text = (exported / "config/models.config").read_text("utf-8")
    file = tmp_path / "models.config"
    file.write_text(text.replace('"/models', f'"{exported}/models') + added, "utf-8")
    ports = [f"--port={free_port()}", f"--rest_api_port={free_port()}"]
    start = [TENSORFLOW, "-m", "standin", *ports, f"--model_config_file={file}", *flags]
    done = subprocess.run(
        start, cwd=exported, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 1
    assert why in done.stderr


def test_the_real_server_is_preferred_and_gets_absolute_paths(
    exported: Path, tmp_path: Path
) -> None:
    double = tmp_path / "tensorflow_model_server"
    double.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >"{tmp_path}/flags"\n', "utf-8")
    double.chmod(0o755)
    own = f"{tmp_path}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    live = start(exported, PATH=own)
    assert live.process.wait(timeout=30) == 0
    flags = (tmp_path / "flags").read_text().splitlines()
    assert flags[:5] == [  # more where the steps have switched more on
        f"--port={live.grpc}",
        f"--rest_api_port={live.rest}",
        "--model_config_file=reports/models.config",
        "--model_config_file_poll_wait_seconds=1",
        "--allow_version_labels_for_unavailable_models=true",
    ]
    assert f'"{exported}/models/rollback"' in (exported / "reports/models.config").read_text(
        "utf-8"
    )


@standin_only
def test_sigterm_ends_it_at_once(exported: Path) -> None:
    live = start(exported)

    def listens() -> bool:
        try:
            return bool(live.states())
        except OSError:
            return False

    wait_for(listens)
    live.process.terminate()
    assert live.process.wait(timeout=5) == -signal.SIGTERM

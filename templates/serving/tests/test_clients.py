"""Clients of the field talk to this server as they are."""

import numpy as np
import pytest
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException

from tests.conftest import ROW, Live


def ask(live: Live, *, binary_input: bool, binary_output: bool | None) -> np.ndarray:
    client = InferenceServerClient(f"127.0.0.1:{live.port}")
    tensor = InferInput("features", [1, 8], "FP32")
    tensor.set_data_from_numpy(np.array([ROW], dtype=np.float32), binary_data=binary_input)
    outputs = None
    if binary_output is not None:
        outputs = [InferRequestedOutput("probabilities", binary_data=binary_output)]
    answer = client.infer("rollback", [tensor], model_version="2", outputs=outputs, request_id="7")
    assert answer.get_response()["id"] == "7"
    probabilities = answer.as_numpy("probabilities")
    assert probabilities is not None
    return probabilities


def test_tritonclient_in_every_encoding(server: Live) -> None:
    answers = [
        ask(server, binary_input=binary_input, binary_output=binary_output)
        for binary_input in (True, False)
        for binary_output in (None, True, False)
    ]
    for answer in answers:
        assert answer.shape == (1, 2)
        np.testing.assert_allclose(answer, answers[0], atol=1e-6)


def test_tritonclient_reads_health_and_metadata(server: Live) -> None:
    client = InferenceServerClient(f"127.0.0.1:{server.port}")
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("rollback", "1")
    assert not client.is_model_ready("rollback", "9")
    assert client.get_model_metadata("rollback")["inputs"][0]["name"] == "features"
    versions = {model["version"] for model in client.get_model_repository_index()}
    assert versions == {"1", "2"}


def test_tritonclient_shows_the_reason(server: Live) -> None:
    client = InferenceServerClient(f"127.0.0.1:{server.port}")
    tensor = InferInput("features", [1, 8], "FP64")
    tensor.set_data_from_numpy(np.array([ROW], dtype=np.float64))
    with pytest.raises(InferenceServerException, match="the model takes FP32"):
        client.infer("rollback", [tensor])

"""The wire format: what is answered, and how everything else is refused."""

import json
import struct

import pytest

from tests.conftest import ROW, Live, tensor

HEADER = "Inference-Header-Content-Length"
INFER = "/v2/models/rollback/infer"


def request(*inputs: object, **more: object) -> str:
    return json.dumps({"inputs": list(inputs)} | more)


MALFORMED = {
    "empty": b"",
    "not JSON": b"oops",
    "not UTF-8": b'{"inputs": "\xff\xfe"}',
    "a list": b"[]",
    "a number": b"7",
    "deeply nested": b"[" * 100_000,
    "no inputs": b"{}",
    "inputs no list": b'{"inputs": 7}',
    "inputs of numbers": b'{"inputs": [7]}',
    "input without name": request({"datatype": "FP32"}),
    "name no text": request(tensor(name=["features"])),
    "unknown input": request(tensor(name="x")),
    "input twice": request(tensor(), tensor()),
    "no datatype": request(tensor(datatype=None)),
    "wrong datatype": request(tensor(datatype="FP64")),
    "datatype no text": request(tensor(datatype={})),
    "no shape": request(tensor(shape=None)),
    "shape too short": request(tensor(shape=[8])),
    "wrong columns": request(tensor(shape=[1, 7], data=ROW[:7])),
    "negative shape": request(tensor(shape=[-1, 8])),
    "fractional shape": request(tensor(shape=[1.0, 8])),
    "boolean shape": request(tensor(shape=[True, 8])),
    "no rows": request(tensor(shape=[0, 8], data=[])),
    "too many rows": request(tensor(shape=[100_000_000_000, 8])),
    "data too short": request(tensor(data=ROW[:7])),
    "data too long": request(tensor(data=[*ROW, 1])),
    "no data": request({"name": "features", "datatype": "FP32", "shape": [1, 8]}),
    "null": request(tensor(data=[None, *ROW[1:]])),
    "NaN": request(tensor(data=[float("nan"), *ROW[1:]])),
    "infinity": request(tensor(data=[float("inf"), *ROW[1:]])),
    "beyond FP32": request(tensor(data=[1e39, *ROW[1:]])),
    "huge integer": request(tensor(data=[10**400, *ROW[1:]])),
    "long integer": request(tensor(data=[2**63, *ROW[1:]])).replace(str(2**63), "9" * 5000),
    "text": request(tensor(data=["800", *ROW[1:]])),
    "booleans": request(tensor(data=[True] * 8)),
    "objects": request(tensor(data=[{}] * 8)),
    "data no list": request(tensor(data=7)),
    "data as text": request(tensor(data="800")),
    "ragged": request(tensor(shape=[2, 8], data=[ROW, ROW[:3]])),
    "nested wrongly": request(tensor(shape=[2, 8], data=[[*ROW, *ROW]])),
    "id no text": request(tensor(), id=7),
    "unknown output": request(tensor(), outputs=[{"name": "odds"}]),
    "output no object": request(tensor(), outputs=["label"]),
    "parameters no object": request(tensor(parameters=[1])),
    "binary size without bytes": request(tensor(parameters={"binary_data_size": 32})),
    "binary size wrong": request(tensor(parameters={"binary_data_size": 31})),
    "binary size no number": request(tensor(parameters={"binary_data_size": "32"})),
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_requests_get_400_and_a_reason(server: Live, body: bytes | str) -> None:
    answer = server.ask(INFER, body)
    assert answer.status == 400, answer.body
    assert answer.json["error"]


@pytest.mark.parametrize("length", ["-1", "x", "", "99999999999999999999", "1000000", "٣"])
def test_a_bad_binary_header_gets_400(server: Live, length: str) -> None:
    answer = server.ask(
        INFER, request(tensor()), {HEADER: length.encode("utf-8").decode("latin-1")}
    )
    assert answer.status == 400
    assert HEADER in answer.json["error"]


def test_bytes_after_the_last_tensor_get_400(server: Live) -> None:
    text = request(tensor()).encode()
    answer = server.ask(INFER, text + b"more", {HEADER: str(len(text))})
    assert answer.status == 400


def test_nan_in_raw_bytes_gets_400(server: Live) -> None:
    named = tensor(parameters={"binary_data_size": 32})
    del named["data"]
    text = request(named).encode()
    raw = struct.pack("<8f", float("nan"), *ROW[1:])
    answer = server.ask(INFER, text + raw, {HEADER: str(len(text))})
    assert answer.status == 400
    assert "finite" in answer.json["error"]


def test_numbers_that_the_model_cannot_digest_get_400(server: Live) -> None:
    answer = server.infer({"inputs": [tensor(data=[3.4e38] * 8)]})
    assert answer.status in (200, 400)
    assert b"NaN" not in answer.body


def test_a_reason_does_not_send_everything_back(server: Live) -> None:
    answer = server.infer({"inputs": [tensor(name="x" * 100_000)]})
    assert answer.status == 400
    assert len(answer.body) < 1000


def test_a_giant_body_gets_413(server: Live) -> None:
    answer = server.ask(INFER, b"x" * (1024 * 1024 + 1))
    assert answer.status == 413
    assert "larger" in answer.json["error"]


def test_a_giant_body_that_hides_its_length_gets_413(server: Live) -> None:
    def chunks() -> object:
        for _ in range(20):
            yield b"x" * 65536 * 2

    answer = server.ask(INFER, chunks(), method="POST")  # type: ignore[arg-type]
    assert answer.status == 413


def test_a_compressed_body_gets_400(server: Live) -> None:
    answer = server.ask(INFER, request(tensor()), {"Content-Encoding": "gzip"})
    assert answer.status == 400
    assert "Content-Encoding" in answer.json["error"]


@pytest.mark.parametrize(
    "path",
    [
        "/v2/models/nobody/infer",
        "/v2/models/rollback/versions/4/infer",
        "/v2/models/rollback/versions/1%2F..%2F2/infer",
        "/v2/models/rollback/versions/latest/infer",
    ],
)
def test_unknown_models_and_versions_get_404(server: Live, path: str) -> None:
    answer = server.ask(path, request(tensor()))
    assert answer.status == 404
    assert answer.json["error"]


def test_the_wrong_method_gets_405(server: Live) -> None:
    assert server.ask(INFER).status == 405


def test_flat_and_nested_data_are_the_same_question(server: Live) -> None:
    flat = server.infer({"inputs": [tensor(shape=[2, 8], data=ROW + ROW)]})
    nested = server.infer({"inputs": [tensor(shape=[2, 8], data=[ROW, ROW])]})
    assert flat.status == nested.status == 200
    assert flat.json == nested.json
    assert flat.json["outputs"][0] == {
        "name": "label",
        "datatype": "INT64",
        "shape": [2],
        "data": [1, 1],
    }


def test_id_and_chosen_outputs_come_back(server: Live) -> None:
    answer = server.infer({"id": "a-1", "inputs": [tensor()], "outputs": [{"name": "label"}]}).json
    assert answer["id"] == "a-1"
    assert [output["name"] for output in answer["outputs"]] == ["label"]


def test_raw_tensors_both_ways(server: Live) -> None:
    named = tensor(parameters={"binary_data_size": 32})
    del named["data"]
    wanted = [{"name": "probabilities", "parameters": {"binary_data": True}}]
    text = request(named, outputs=wanted).encode()
    answer = server.ask(INFER, text + struct.pack("<8f", *ROW), {HEADER: str(len(text))})
    assert answer.status == 200, answer.body
    length = int(answer.headers[HEADER.lower()])
    document = json.loads(answer.body[:length])
    assert document["outputs"][0]["parameters"] == {"binary_data_size": 8}
    stays, is_rolled_back = struct.unpack("<2f", answer.body[length:])
    assert is_rolled_back > 0.9
    assert stays + is_rolled_back == pytest.approx(1, abs=1e-5)


def test_large_batches_are_answered_in_order(server: Live) -> None:
    calm = [12, 2, 0, 2, 10, 1, 0, 60]
    rows = [ROW, calm] * 500
    answer = server.infer({"inputs": [tensor(shape=[1000, 8], data=rows)]})
    assert answer.json["outputs"][0]["data"] == [1, 0] * 500

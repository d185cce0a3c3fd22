"""Malformed predictions: each is refused with a 4xx and a reason, never a 500.

The server must still serve afterwards.
"""

import json
import sys
from urllib.error import HTTPError
from urllib.request import Request, urlopen

BASE = sys.argv[1]
ROW = [800, 30, 2, 0, 18, 9, 1, 3]


def body(**changes: object) -> bytes:
    tensor = {"name": "features", "datatype": "FP32", "shape": [1, 8], "data": ROW} | changes
    return json.dumps({"inputs": [tensor]}).encode()


INFER = "/v2/models/rollback/infer"
CASES: list[tuple[str, str, bytes, set[int]]] = [
    ("not JSON", INFER, b"oops", {400}),
    ("not UTF-8", INFER, b'{"inputs": "\xff"}', {400}),
    ("empty", INFER, b"", {400}),
    ("a list", INFER, b"[]", {400}),
    ("no inputs", INFER, b"{}", {400}),
    ("null", INFER, body(data=[None] * 8), {400}),
    ("NaN", INFER, body(data=[float("nan")] * 8), {400}),
    ("infinity", INFER, body(data=[1e999] * 8), {400}),
    ("text", INFER, body(data=["a"] * 8), {400}),
    ("too few", INFER, body(data=[1, 2]), {400}),
    ("ragged", INFER, body(shape=[2, 8], data=[ROW, [1]]), {400}),
    ("negative shape", INFER, body(shape=[-1, 8]), {400}),
    ("huge shape", INFER, body(shape=[10**12, 8]), {400}),
    ("wrong name", INFER, body(name="input"), {400}),
    ("wrong datatype", INFER, body(datatype="FP64"), {400}),
    ("no datatype", INFER, body(datatype=None), {400}),
    (
        "twice",
        INFER,
        json.dumps(
            {"inputs": [{"name": "features", "datatype": "FP32", "shape": [1, 8], "data": ROW}] * 2}
        ).encode(),
        {400},
    ),
    ("deep", INFER, b"[" * 100_000, {400}),
    ("giant", INFER, b" " * (64 << 20), {413}),
    ("unknown model", "/v2/models/nope/infer", body(), {404}),
    ("unknown version", "/v2/models/rollback/versions/99/infer", body(), {404}),
]

wrong = []
for name, path, data, wanted in CASES:
    try:
        with urlopen(Request(BASE + path, data=data, method="POST"), timeout=30) as answer:
            status, text = answer.status, answer.read()
    except HTTPError as error:
        status, text = error.code, error.read()
    except (BrokenPipeError, ConnectionResetError, OSError) as error:
        # A server may close the connection before it has read all of a giant body: that is its
        # refusal.
        status, text = (413, b'{"error": "closed"}') if 413 in wanted else (0, repr(error).encode())
    reason = json.loads(text).get("error") if text[:1] == b"{" else None
    if status not in wanted or not reason:
        wrong.append(f"{name}: {status} {text[:200]!r}")
with urlopen(Request(BASE + INFER, data=body(), method="POST"), timeout=10) as answer:
    assert answer.status == 200
if wrong:
    sys.exit("\n".join(wrong))
print(f"{len(CASES)} refused")

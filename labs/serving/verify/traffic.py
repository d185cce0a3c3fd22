"""Predictions that name no version, so that the routes decide: run between two readings."""

import json
import sys

import lab
import verdict

REQUESTS = int(sys.argv[1])
TENSOR = {
    "name": "features",
    "datatype": "FP32",
    "shape": [1, 8],
    "data": [90, 8, 1, 1, 15, 4, 0, 9],
}
BODY = json.dumps({"inputs": [TENSOR]}).encode()

for _ in range(REQUESTS):
    code, answer = lab.ask("/v2/models/rollback/infer", BODY)
    if code != 200:
        verdict.not_yet(
            f"a prediction was answered with {code}: {answer[:200].decode(errors='replace')}"
        )

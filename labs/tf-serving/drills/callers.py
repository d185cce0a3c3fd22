"""Asks as the callers do: the signature `deployment` of what the label stable means."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "verify"))

import grpc
import lab
import numpy as np
import rpc
import verdict

import wire  # the project's

from tensorflow_serving.apis import predict_pb2

deployment = lab.surprise()
request = predict_pb2.PredictRequest()
request.model_spec.name, request.model_spec.version_label = "rollback", "stable"
request.model_spec.signature_name = "deployment"
for name, value in deployment.items():
    request.inputs[name].CopyFrom(wire.tensor(np.array([value], np.float32)))
try:
    answer = rpc.call(request)
except grpc.RpcError as error:
    if error.code() == grpc.StatusCode.UNAVAILABLE:
        verdict.cannot_tell(f"{lab.GRPC} cannot be reached")
    verdict.not_yet(f"callers are refused: {error.code().name}")
missing = {"probability", "rolled_back"} - answer.outputs.keys()
if missing:
    verdict.not_yet(f"callers get no {' and no '.join(sorted(missing))}")

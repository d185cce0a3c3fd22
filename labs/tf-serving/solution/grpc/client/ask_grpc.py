"""Asks the model about one deployment over gRPC: python -m client.ask_grpc requests/risky.json"""

import json
import sys
from pathlib import Path

import grpc
import numpy as np

import wire  # first: it brings what tensorflow_serving needs
from features import FEATURES
from ops import endpoint

from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: python -m client.ask_grpc FILE", file=sys.stderr)
        return 2
    deployment = json.loads(Path(sys.argv[1]).read_text("utf-8"))

    request = predict_pb2.PredictRequest()
    request.model_spec.name = "rollback"
    request.model_spec.version_label = "stable"
    request.model_spec.signature_name = "deployment"
    for name in FEATURES:
        request.inputs[name].CopyFrom(wire.tensor(np.array([deployment[name]], dtype=np.float32)))
    with grpc.insecure_channel(endpoint.grpc()) as channel:
        service = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        try:
            answer = service.Predict(request, timeout=10)
        except grpc.RpcError as error:
            print(f"the server refused: {error.code().name} {error.details()}", file=sys.stderr)
            return 1
    print(
        json.dumps(
            {
                "rolled_back": bool(wire.array(answer.outputs["rolled_back"])[0]),
                "probability": round(float(wire.array(answer.outputs["probability"])[0]), 6),
                "version": str(answer.model_spec.version.value),
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Does client/ask_grpc.py ask the named signature over gRPC, and tell what it is answered?

First against a server of this check, which answers with a number that nobody can know; then against
the live one.
"""

import json
import random
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import lab
import numpy as np

import wire  # the project's; first: it brings what tensorflow_serving needs

from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

ASK = (sys.executable, "-m", "client.ask_grpc")


class Double(prediction_service_pb2_grpc.PredictionServiceServicer):
    def __init__(self, answer: float) -> None:
        self.answer = answer
        self.asked: list[predict_pb2.PredictRequest] = []

    def Predict(  # noqa: N802
        self, request: predict_pb2.PredictRequest, _context: grpc.ServicerContext
    ) -> predict_pb2.PredictResponse:
        self.asked.append(request)
        answer = predict_pb2.PredictResponse()
        answer.model_spec.version.value = 7
        verdict = np.array([int(self.answer >= 0.5)], np.int64)
        answer.outputs["probability"].CopyFrom(wire.tensor(np.array([self.answer], np.float32)))
        answer.outputs["rolled_back"].CopyFrom(wire.tensor(verdict))
        return answer


def examine_request(file: str, deployment: dict[str, float]) -> None:
    double = Double(round(random.uniform(0.01, 0.99), 4))
    server = grpc.server(ThreadPoolExecutor(1))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(double, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    answer = lab.run(*ASK, file, MLOPS_LAB_ENDPOINT_GRPC=f"http://127.0.0.1:{port}")
    server.stop(None)
    if not double.asked:
        lab.not_yet("client.ask_grpc answered, but it did not ask over gRPC")
    spec, inputs = double.asked[-1].model_spec, double.asked[-1].inputs
    if spec.signature_name != "deployment":
        lab.not_yet(f"client.ask_grpc asks the signature {spec.signature_name!r}, not 'deployment'")
    if (spec.name, spec.version_label) != ("rollback", "stable"):
        lab.not_yet("client.ask_grpc does not ask what the label stable of rollback means")
    for name in lab.FEATURES:
        if name not in inputs:
            lab.not_yet(f"client.ask_grpc sends no {name}")
        value = wire.array(inputs[name])
        if value.dtype != np.float32:
            lab.not_yet(f"client.ask_grpc sends {name} as {value.dtype}")
        if value.shape != (1,) or value[0] != np.float32(deployment[name]):
            lab.not_yet(f"client.ask_grpc sends {value} as {name}, it is {deployment[name]}")
    probability, _ = lab.said(answer, "client.ask_grpc")
    if abs(probability - double.answer) > 1e-4 or str(answer.get("version")) != "7":
        lab.not_yet(f"client.ask_grpc says {answer}, and was answered {double.answer} by version 7")


def examine_live(file: str, deployment: dict[str, float]) -> None:
    (expected,) = lab.predict("/labels/stable", [lab.row(deployment)])
    probability, _ = lab.said(lab.run(*ASK, file), "client.ask_grpc")
    if abs(probability - expected) > 1e-4:
        lab.not_yet(f"client.ask_grpc says {probability}, the server says {expected} over REST")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        deployment = lab.surprise()
        file = Path(folder) / "surprise.json"
        file.write_text(json.dumps(deployment), "utf-8")
        examine_live("requests/risky.json", lab.read_json("requests/risky.json"))
        examine_request(str(file), deployment)
        examine_live(str(file), deployment)
    print("the client asks the signature `deployment` and says what it is answered")


main()

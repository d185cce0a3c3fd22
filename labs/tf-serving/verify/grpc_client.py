"""Does client/ask_grpc.py ask the named signature over gRPC, and tell what it is answered?

Its requests go through a server of this check to the live one, and the answers come back with
numbers that nobody can know.
"""

import json
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
import lab
import numpy as np
import rpc
import verdict
import wire  # the project's; first: it brings what tensorflow_serving needs
from detour import detour, surprise
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

CLIENT = "client.ask_grpc"
VERSION = 7  # as this check answers; no version of the model has this number


class Double(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Asks the live server, and changes what it answers."""

    def __init__(self, number: float) -> None:
        self.number = number
        self.asked: list[tuple[predict_pb2.PredictRequest, list[float]]] = []

    def Predict(  # noqa: N802
        self, request: predict_pb2.PredictRequest, context: grpc.ServicerContext
    ) -> predict_pb2.PredictResponse:
        try:
            answer = rpc.call(request)
        except grpc.RpcError as error:
            context.abort(error.code(), error.details())
            raise
        rated = wire.array(answer.outputs["probability"]).ravel()
        self.asked.append((request, rated.tolist()))
        answer.model_spec.version.value = VERSION
        number = np.full_like(rated, self.number)
        answer.outputs["probability"].CopyFrom(wire.tensor(number))
        if "rolled_back" in answer.outputs:
            verdict = (number >= 0.5).astype(np.int64)
            answer.outputs["rolled_back"].CopyFrom(wire.tensor(verdict))
        return answer


@contextmanager
def serve(double: Double) -> Iterator[int]:
    server = grpc.server(ThreadPoolExecutor(2))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(double, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield port
    server.stop(None)


def examine(file: str, deployment: dict[str, float]) -> None:
    rated = lab.rated(deployment)
    double = Double(surprise())
    with serve(double) as port, detour(double.number, tunnel=port) as (seen, run):
        answer = run(CLIENT, file)
    if not double.asked:
        how = "over REST" if seen.rest else "nobody: no request of it reached the server"
        verdict.not_yet(f"{CLIENT} asks {how}")
    request, asked = double.asked[-1]
    if request.model_spec.signature_name != "deployment":
        name = request.model_spec.signature_name or "serving_default"
        verdict.not_yet(f"{CLIENT} asks the signature {name}, not deployment")
    if not asked or not all(lab.near(one, rated) for one in asked):
        sent = {name: wire.array(value).tolist() for name, value in request.inputs.items()}
        verdict.not_yet(f"{CLIENT} sends {sent}, and the deployment is {deployment}")
    probability, _ = lab.said(answer, CLIENT)
    if abs(probability - double.number) > lab.ROUNDED:
        verdict.not_yet(
            f"{CLIENT} says {probability} instead of what it was answered, {double.number}"
        )
    if str(answer.get("version")) != str(VERSION):
        verdict.not_yet(f"{CLIENT} says version {answer.get('version')}, and {VERSION} answered")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        examine("requests/risky.json", verdict.read_json("requests/risky.json"))
        for number, deployment in enumerate(lab.surprises(2)):
            file = Path(folder) / f"{number}.json"
            file.write_text(json.dumps(deployment), "utf-8")
            examine(str(file), deployment)
    print("the client asks the signature deployment and says what it is answered")


main()

"""The live server over gRPC."""

import grpc
import lab
import wire  # noqa: F401 - the project's; first: it brings what tensorflow_serving needs
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

# Loopback, whatever proxy is set.
OPTIONS = (("grpc.enable_http_proxy", 0),)


def call(request: predict_pb2.PredictRequest) -> predict_pb2.PredictResponse:
    with grpc.insecure_channel(lab.GRPC.removeprefix("http://"), options=OPTIONS) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        return stub.Predict(request, timeout=10)

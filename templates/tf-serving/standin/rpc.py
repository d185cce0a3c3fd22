"""The gRPC API: PredictionService.Predict and GetModelMetadata, and ModelService.

Classify, Regress and MultiInference answer UNIMPLEMENTED.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

import grpc
import tensorflow as tf

from standin.repository import Refused, Repository

from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

# What one caller may cost. gRPC has no limit on connections, so none lives for ever.
OPTIONS = (
    ("grpc.max_receive_message_length", 4 << 20),
    ("grpc.max_metadata_size", 16 * 1024),
    ("grpc.max_concurrent_streams", 32),
    ("grpc.server_handshake_timeout_ms", 5_000),
    ("grpc.max_connection_idle_ms", 60_000),
    ("grpc.max_connection_age_ms", 600_000),
    ("grpc.max_connection_age_grace_ms", 30_000),
)
CONCURRENT_RPCS = 64
MARK = (("x-stand-in", "true"),)


def refuse(context: grpc.ServicerContext, refused: Refused) -> NoReturn:
    context.abort(getattr(grpc.StatusCode, refused.code), str(refused))
    raise refused  # abort does not return


class Predictions(prediction_service_pb2_grpc.PredictionServiceServicer):
    def __init__(self, repository: Repository) -> None:
        self.repository = repository

    def Predict(  # noqa: N802
        self, request: predict_pb2.PredictRequest, context: grpc.ServicerContext
    ) -> predict_pb2.PredictResponse:
        context.set_trailing_metadata(MARK)
        signature = request.model_spec.signature_name or "serving_default"
        try:
            version = self.repository.find(request.model_spec)
            inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
            outputs = version.run(signature, inputs)
        except Refused as refused:
            refuse(context, refused)
        answer = predict_pb2.PredictResponse()
        answer.model_spec.name, answer.model_spec.signature_name = (
            request.model_spec.name,
            signature,
        )
        answer.model_spec.version.value = version.number
        for name, value in outputs.items():
            answer.outputs[name].CopyFrom(tf.make_tensor_proto(value))
        return answer

    def GetModelMetadata(  # noqa: N802
        self,
        request: get_model_metadata_pb2.GetModelMetadataRequest,
        context: grpc.ServicerContext,
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        context.set_trailing_metadata(MARK)
        try:
            version = self.repository.find(request.model_spec)
        except Refused as refused:
            refuse(context, refused)
        answer = get_model_metadata_pb2.GetModelMetadataResponse()
        answer.model_spec.name = request.model_spec.name
        answer.model_spec.version.value = version.number
        described = get_model_metadata_pb2.SignatureDefMap()
        for name, value in version.signature_def.items():
            described.signature_def[name].CopyFrom(value)
        answer.metadata["signature_def"].Pack(described)
        return answer


class Models(model_service_pb2_grpc.ModelServiceServicer):
    def __init__(self, repository: Repository) -> None:
        self.repository = repository

    def GetModelStatus(  # noqa: N802
        self, request: get_model_status_pb2.GetModelStatusRequest, context: grpc.ServicerContext
    ) -> get_model_status_pb2.GetModelStatusResponse:
        context.set_trailing_metadata(MARK)
        try:
            return self.repository.status(request.model_spec)
        except Refused as refused:
            refuse(context, refused)

    def HandleReloadConfigRequest(  # noqa: N802
        self, request: model_management_pb2.ReloadConfigRequest, context: grpc.ServicerContext
    ) -> model_management_pb2.ReloadConfigResponse:
        context.set_trailing_metadata(MARK)
        answer = model_management_pb2.ReloadConfigResponse()
        try:
            self.repository.apply(request.config)
        except Refused as refused:
            code = getattr(grpc.StatusCode, refused.code).value[0]
            answer.status.error_code, answer.status.error_message = code, str(refused)
        return answer


def start(repository: Repository, address: str) -> grpc.Server:
    server = grpc.server(
        ThreadPoolExecutor(8), options=OPTIONS, maximum_concurrent_rpcs=CONCURRENT_RPCS
    )
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        Predictions(repository), server
    )
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(Models(repository), server)
    if not server.add_insecure_port(address):
        raise SystemExit(f"error: {address} is taken")
    server.start()
    return server

"""The server's configuration files as messages: what does not parse here does not start there."""

from pathlib import Path

from google.protobuf import descriptor_pool, message_factory, text_format, wrappers_pb2
from google.protobuf.message import Message

from wire import schema

from tensorflow_serving.config import model_server_config_pb2

assert wrappers_pb2.DESCRIPTOR.name == schema.WRAPPERS  # imported for the pool


def _message(file: str, name: str) -> type[Message]:
    pool = descriptor_pool.Default()
    found = pool.FindFileByName(file).message_types_by_name[name]
    return message_factory.GetMessageClass(found)


for _file in (schema.MONITORING, schema.BATCHING):
    descriptor_pool.Default().AddSerializedFile(_file.SerializeToString())

MonitoringConfig = _message(schema.MONITORING.name, "MonitoringConfig")
BatchingParameters = _message(schema.BATCHING.name, "BatchingParameters")


def models(text: str) -> model_server_config_pb2.ModelServerConfig:
    return text_format.Parse(text, model_server_config_pb2.ModelServerConfig())


def monitoring(text: str) -> Message:
    return text_format.Parse(text, MonitoringConfig())


def batching(text: str) -> Message:
    """Parsed, and held against the rule that the server holds it against at its start."""
    parsed = text_format.Parse(text, BatchingParameters())
    sizes, largest = list(parsed.allowed_batch_sizes), parsed.max_batch_size.value
    if sizes and (sizes != sorted(set(sizes)) or sizes[-1] != largest):
        raise ValueError(f"allowed_batch_sizes must rise and end in max_batch_size, {largest}")
    return parsed


def labels(file: Path, model: str) -> dict[str, int]:
    """Which version each label of the model points to in the file."""
    for config in models(file.read_text("utf-8")).model_config_list.config:
        if config.name == model:
            return dict(config.version_labels)
    return {}

"""Models, versions and labels: read from models.config, and again whenever that file changes."""

import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf
from google.protobuf import text_format
from numpy.typing import NDArray
from tensorflow.core.protobuf import saved_model_pb2

from tensorflow_serving.apis import get_model_status_pb2, model_pb2, prediction_log_pb2
from tensorflow_serving.config import model_server_config_pb2

State = get_model_status_pb2.ModelVersionStatus.State
Tensors = dict[str, NDArray]


class Refused(Exception):  # noqa: N818
    """An answer of the server that is no prediction: a gRPC code by name, and words."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Version:
    """One SavedModel in memory."""

    def __init__(self, folder: Path) -> None:
        described = saved_model_pb2.SavedModel()
        described.ParseFromString((folder / "saved_model.pb").read_bytes())
        self.number = int(folder.name)
        self.signature_def = dict(described.meta_graphs[0].signature_def)
        self.loaded = tf.saved_model.load(str(folder))  # kept: its functions use its variables
        self.warm_up(folder / "assets.extra" / "tf_serving_warmup_requests")

    def warm_up(self, file: Path) -> None:
        if not file.exists():
            return
        for record in tf.data.TFRecordDataset(str(file)).as_numpy_iterator():
            request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
            inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
            self.run(request.model_spec.signature_name, inputs)

    def inputs(self, signature: str) -> dict[str, tuple[np.dtype, list[int]]]:
        """Type and shape of each input; -1 is a size that the caller chooses."""
        if signature not in self.signature_def:
            raise Refused("INVALID_ARGUMENT", f'Serving signature key "{signature}" not found.')
        return {
            name: (
                np.dtype(tf.as_dtype(info.dtype).as_numpy_dtype),
                [dim.size for dim in info.tensor_shape.dim],
            )
            for name, info in self.signature_def[signature].inputs.items()
        }

    def run(self, signature: str, given: Tensors) -> Tensors:
        wanted = self.inputs(signature)
        if given.keys() != wanted.keys():
            raise Refused(
                "INVALID_ARGUMENT",
                f"the inputs of {signature} are {sorted(wanted)}, the request has {sorted(given)}",
            )
        for name, (dtype, shape) in wanted.items():
            value = given[name]
            if value.dtype != dtype:
                raise Refused(
                    "INVALID_ARGUMENT", f"{name} must be {dtype}, the request has {value.dtype}"
                )
            fits = [size in (-1, own) for size, own in zip(shape, value.shape, strict=False)]
            if len(shape) != value.ndim or not all(fits):
                raise Refused(
                    "INVALID_ARGUMENT",
                    f"{name} must have the shape {shape}, the request has {list(value.shape)}",
                )
        constants = {name: tf.constant(value) for name, value in given.items()}
        try:
            outputs = self.loaded.signatures[signature](**constants)
        except tf.errors.OpError as error:
            raise Refused("INVALID_ARGUMENT", error.message) from error
        return {name: value.numpy() for name, value in outputs.items()}


@dataclass(frozen=True)
class Model:
    versions: dict[int, Version]
    labels: dict[str, int]


class Repository:
    def __init__(self, config: Path, early_labels: bool) -> None:
        self.file = config
        self.early_labels = early_labels
        self.models: dict[str, Model] = {}
        self.ended: dict[tuple[str, int], str] = {}  # why; empty where a version was taken out
        self.seen = ""  # what was complained about last: once is enough
        self.lock = threading.Lock()

    def watch(self, seconds: float) -> None:
        while True:
            time.sleep(seconds)
            self.look()

    def read(self) -> None:
        text = self.file.read_text("utf-8")
        self.apply(text_format.Parse(text, model_server_config_pb2.ModelServerConfig()))

    def look(self) -> None:
        """Reads the file again. One that is refused leaves everything as it is."""
        try:
            self.read()
            self.seen = ""
        except (OSError, text_format.ParseError, Refused) as error:
            if str(error) != self.seen:
                print(f"{self.file}: {error}", file=sys.stderr, flush=True)
            self.seen = str(error)

    def apply(self, config: model_server_config_pb2.ModelServerConfig) -> None:
        with self.lock:
            made = {}
            for one in config.model_config_list.config:
                if not one.base_path.startswith("/"):
                    raise Refused("INVALID_ARGUMENT", f"{one.base_path} is no absolute path")
                self.check_labels(one)
            for one in config.model_config_list.config:
                old = self.models.get(one.name, Model({}, {}))
                made[one.name] = Model(self.load(one, old.versions), dict(one.version_labels))
            self.models = made

    def check_labels(self, config: model_server_config_pb2.ModelConfig) -> None:
        """As there: before anything is loaded, so a label moves only to what is available by then.

        A label that means nothing yet may be ahead of its version, if a flag allows it.
        """
        old = self.models.get(config.name, Model({}, {}))
        for label, number in config.version_labels.items():
            moves = old.labels.get(label, number) != number
            if number not in old.versions and (moves or not self.early_labels):
                raise Refused(
                    "FAILED_PRECONDITION",
                    f"Request to assign label to version {number} of model {config.name}, "
                    "which is not currently available for inference",
                )

    def load(
        self, config: model_server_config_pb2.ModelConfig, old: dict[int, Version]
    ) -> dict[int, Version]:
        base = Path(config.base_path)
        there = sorted(int(path.parent.name) for path in base.glob("[0-9]*/saved_model.pb"))
        policy = config.model_version_policy
        match policy.WhichOneof("policy_choice"):
            case "specific":
                wanted = [number for number in policy.specific.versions if number in there]
            case "all":
                wanted = there
            case _:
                wanted = there[-max(1, policy.latest.num_versions) :]
        versions = {}
        for number in wanted:
            if number in old:
                versions[number] = old[number]
                continue
            try:
                versions[number] = Version(base / str(number))
            except (Refused, OSError, ValueError, KeyError, tf.errors.OpError) as error:
                if self.ended.get((config.name, number)) != str(error):
                    print(f"{config.name} {number}: {error}", file=sys.stderr, flush=True)
                self.ended[config.name, number] = str(error)
            else:
                self.ended.pop((config.name, number), None)
                print(f"{config.name} {number}: available", file=sys.stderr, flush=True)
        self.ended |= {(config.name, number): "" for number in old.keys() - versions.keys()}
        return versions

    def model(self, name: str) -> Model:
        if name not in self.models:
            raise Refused("NOT_FOUND", f"Could not find any versions of model {name}")
        return self.models[name]

    def find(self, spec: model_pb2.ModelSpec) -> Version:
        """The version that a request means: by number, by label, or the newest."""
        model = self.model(spec.name)
        match spec.WhichOneof("version_choice"):
            case "version":
                number = spec.version.value
            case "version_label":
                if spec.version_label not in model.labels:
                    raise Refused(
                        "INVALID_ARGUMENT",
                        f"Unrecognized servable version label: {spec.version_label}",
                    )
                number = model.labels[spec.version_label]
            case _:
                number = max(model.versions, default=0)
        if number not in model.versions:
            raise Refused("NOT_FOUND", f"Servable not found for request: {spec.name} {number}")
        return model.versions[number]

    def status(self, spec: model_pb2.ModelSpec) -> get_model_status_pb2.GetModelStatusResponse:
        """Of one version, or of all. As there: a label is not looked at."""
        model = self.model(spec.name)
        ended = {number: why for (name, number), why in self.ended.items() if name == spec.name}
        numbers = sorted(model.versions.keys() | ended.keys(), reverse=True)
        if spec.WhichOneof("version_choice") == "version":
            if spec.version.value not in numbers:
                message = f"Could not find version {spec.version.value} of model {spec.name}"
                raise Refused("NOT_FOUND", message)
            numbers = [spec.version.value]
        answer = get_model_status_pb2.GetModelStatusResponse()
        for number in numbers:
            state = State.AVAILABLE if number in model.versions else State.END
            one = answer.model_version_status.add(version=number, state=state)
            one.status.SetInParent()
            if why := ended.get(number):
                one.status.error_code, one.status.error_message = 2, why
        return answer

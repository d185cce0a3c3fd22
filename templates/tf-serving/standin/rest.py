"""The REST API: predict, status and metadata, with the bodies of TensorFlow Serving."""

import json
import re
from typing import Any, ClassVar

import numpy as np
from google.protobuf import json_format
from numpy.typing import NDArray

from standin import bounds
from standin.repository import Refused, Repository, Tensors, Version

from tensorflow_serving.apis import model_pb2

PATH = re.compile(
    r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>[0-9]{1,18})|/labels/(?P<label>[^/:]+))?"
    r"(?P<what>:predict|/metadata)?"
)
HTTP = {"INVALID_ARGUMENT": 400, "NOT_FOUND": 404, "FAILED_PRECONDITION": 400}
NOTE = "this is the lab's stand-in, not TensorFlow Serving"


def to_array(values: Any, dtype: np.dtype, name: str) -> NDArray:
    try:
        made = np.array(values)
        if made.dtype.kind not in "iufb":
            raise ValueError(f"{made.dtype} in JSON")
        return made.astype(dtype)
    except ValueError as error:
        raise Refused("INVALID_ARGUMENT", f"{name} is no tensor of {dtype}: {error}") from error


def from_rows(instances: Any, wanted: dict[str, tuple[np.dtype, list[int]]]) -> Tensors:
    """One entry a row: an object of named values, or the value itself where there is one input."""
    if not isinstance(instances, list) or not instances:
        raise Refused("INVALID_ARGUMENT", "instances must be a list that is not empty")
    rows = instances
    if not isinstance(rows[0], dict):
        if len(wanted) != 1:
            raise Refused(
                "INVALID_ARGUMENT", f"each instance must be an object of {sorted(wanted)}"
            )
        rows = [{next(iter(wanted)): row} for row in rows]
    if not all(isinstance(row, dict) and row.keys() == wanted.keys() for row in rows):
        raise Refused("INVALID_ARGUMENT", f"each instance must be an object of {sorted(wanted)}")
    return {
        name: to_array([row[name] for row in rows], kind, name)
        for name, (kind, _) in wanted.items()
    }


def from_columns(inputs: Any, wanted: dict[str, tuple[np.dtype, list[int]]]) -> Tensors:
    columns = inputs if isinstance(inputs, dict) else {next(iter(wanted)): inputs}
    if columns.keys() != wanted.keys():
        raise Refused(
            "INVALID_ARGUMENT",
            f"the inputs are {sorted(wanted)}, the request has {sorted(columns)}",
        )
    return {name: to_array(columns[name], kind, name) for name, (kind, _) in wanted.items()}


def predict(version: Version, document: Any) -> dict[str, Any]:
    if not isinstance(document, dict) or ("instances" in document) == ("inputs" in document):
        raise Refused("INVALID_ARGUMENT", "the request has either `instances` or `inputs`")
    signature = document.get("signature_name", "serving_default")
    wanted = version.inputs(signature)
    if "inputs" in document:
        outputs = version.run(signature, from_columns(document["inputs"], wanted))
        plain = {name: value.tolist() for name, value in outputs.items()}
        return {"outputs": plain if len(plain) > 1 else next(iter(plain.values()))}
    outputs = version.run(signature, from_rows(document["instances"], wanted))
    if len(outputs) == 1:
        return {"predictions": next(iter(outputs.values())).tolist()}
    columns = {name: value.tolist() for name, value in outputs.items()}
    rows = zip(*columns.values(), strict=True)
    return {"predictions": [dict(zip(columns, row, strict=True)) for row in rows]}


def metadata(name: str, version: Version) -> dict[str, Any]:
    described = {
        key: json_format.MessageToDict(
            value, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
        )
        for key, value in version.signature_def.items()
    }
    spec = {"name": name, "signature_name": "", "version": str(version.number)}
    return {"model_spec": spec, "metadata": {"signature_def": {"signature_def": described}}}


class Handler(bounds.Handler):
    repository: ClassVar[Repository]

    def answer(self, body: bytes) -> dict[str, Any]:
        found = PATH.fullmatch(self.path)
        verb = "POST" if found and found["what"] == ":predict" else "GET"
        if not found or verb != self.command:
            code = "INVALID_ARGUMENT" if self.path.startswith("/v1/") else "NOT_FOUND"
            raise Refused(code, f"Malformed request: {self.command} {self.path}")
        spec = model_pb2.ModelSpec(name=found["name"])
        if found["version"]:
            spec.version.value = int(found["version"])
        elif found["label"]:
            spec.version_label = found["label"]
        match found["what"]:
            case ":predict":
                try:
                    document = json.loads(body)
                except (ValueError, RecursionError) as error:
                    raise Refused("INVALID_ARGUMENT", f"JSON Parse error: {error}") from error
                return predict(self.repository.find(spec), document)
            case "/metadata":
                return metadata(spec.name, self.repository.find(spec))
            case _:
                status = json_format.MessageToDict(
                    self.repository.status(spec),
                    preserving_proto_field_name=True,
                    always_print_fields_with_no_presence=True,
                )
                return status | {"stand_in": NOTE}

    def serve(self) -> None:
        body = self.body()
        if body is None:
            return
        try:
            code, document = 200, self.answer(body)
        except Refused as refused:
            code, document = HTTP.get(refused.code, 500), {"error": str(refused)}
        self.reply(code, document)

    def end_headers(self) -> None:
        self.send_header("X-Stand-In", "true")
        super().end_headers()

    do_GET = do_POST = serve  # noqa: N815

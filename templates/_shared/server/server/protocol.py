"""The wire format of the Open Inference Protocol v2: JSON, and JSON followed by raw tensors.

The second form is the "binary tensor data" extension: clients of the field (tritonclient, KServe)
use it by default. The header names the length of the JSON part; the bytes follow in order.
"""

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from server.repository import Tensor, Version

BINARY_HEADER = "Inference-Header-Content-Length"


class RequestError(Exception):
    """The caller's mistake: the message is the reason, the code the HTTP status."""

    def __init__(self, reason: str, code: int = 400) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True)
class Request:
    id: str
    inputs: dict[str, NDArray[Any]]
    outputs: dict[str, bool]  # name -> the caller wants raw bytes


def decode(body: bytes, binary_header: str | None, version: Version, max_rows: int) -> Request:
    text, raw = split(body, binary_header)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"the request is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise RequestError("the request must be a JSON object")

    wanted = {tensor.name: tensor for tensor in version.inputs}
    inputs: dict[str, NDArray[Any]] = {}
    for entry in objects(document, "inputs"):
        name = entry.get("name")
        if not isinstance(name, str) or name not in wanted:
            raise RequestError(f"unexpected input {name!r}: the model takes {signature(version)}")
        if name in inputs:
            raise RequestError(f"input {name!r} is given twice")
        inputs[name], raw = read_tensor(entry, wanted[name], raw, max_rows)
    if missing := wanted.keys() - inputs.keys():
        raise RequestError(
            f"input {min(missing)!r} is missing: the model takes {signature(version)}"
        )
    if raw:
        raise RequestError(f"{len(raw)} bytes follow the last tensor")

    identity = document.get("id", "")
    if not isinstance(identity, str):
        raise RequestError('"id" must be a string')
    return Request(identity, inputs, read_outputs(document, version))


def split(body: bytes, binary_header: str | None) -> tuple[bytes, bytes]:
    if binary_header is None:
        return body, b""
    if not binary_header.isascii() or not binary_header.isdigit() or len(binary_header) > 9:
        raise RequestError(f"{BINARY_HEADER} must be a number of bytes")
    length = int(binary_header)
    if length > len(body):
        raise RequestError(f"{BINARY_HEADER} is {length}, but the body has {len(body)} bytes")
    return body[:length], body[length:]


def objects(document: dict[str, Any], key: str) -> list[dict[str, Any]]:
    entries = document.get(key, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise RequestError(f'"{key}" must be a list of objects')
    return entries


def parameters(entry: dict[str, Any]) -> dict[str, Any]:
    found = entry.get("parameters") or {}
    if not isinstance(found, dict):
        raise RequestError('"parameters" must be an object')
    return found


def read_tensor(
    entry: dict[str, Any], wanted: Tensor, raw: bytes, max_rows: int
) -> tuple[NDArray[Any], bytes]:
    """One input, and the raw bytes that are left for the next."""
    where = f"input {wanted.name!r}"
    if entry.get("datatype") != wanted.datatype:
        raise RequestError(
            f"{where}: datatype is {entry.get('datatype')!r}, the model takes {wanted.datatype}"
        )
    shape = read_shape(entry.get("shape"), wanted, where, max_rows)
    count = math.prod(shape)
    size = parameters(entry).get("binary_data_size")
    if size is not None:
        expected = count * np.dtype(wanted.dtype).itemsize
        if type(size) is not int or size != expected:
            raise RequestError(f"{where}: shape {shape} takes {expected} bytes, not {size!r}")
        if len(raw) < size:
            raise RequestError(f"{where}: {size} bytes were announced, {len(raw)} follow the JSON")
        little_endian = np.dtype(wanted.dtype).newbyteorder("<")
        array = np.frombuffer(raw[:size], little_endian).astype(wanted.dtype)
        raw = raw[size:]
    else:
        array = read_json(entry.get("data"), wanted, shape, where)
    # ONNX Runtime would take it: nonsense in, nonsense out, status 200.
    if not np.isfinite(array).all():
        raise RequestError(f"{where}: every number must be finite (no NaN, no infinity)")
    return array.reshape(shape), raw


def read_shape(shape: object, wanted: Tensor, where: str, max_rows: int) -> list[int]:
    legal = isinstance(shape, list) and all(type(size) is int and size >= 0 for size in shape)
    fits = legal and len(shape) == len(wanted.shape)
    if not fits or any(w not in (-1, s) for s, w in zip(shape, wanted.shape, strict=True)):
        raise RequestError(f"{where}: shape is {shape!r}, the model takes {list(wanted.shape)}")
    if not 1 <= shape[0] <= max_rows:
        raise RequestError(f"{where}: {shape[0]} rows, between 1 and {max_rows} are served at once")
    return shape


def read_json(data: object, wanted: Tensor, shape: list[int], where: str) -> NDArray[Any]:
    """Flat, or nested like the shape. Text, null and true are no numbers."""
    try:
        array = np.asarray(data)
    except (ValueError, OverflowError, RecursionError):
        raise RequestError(f'{where}: "data" is not a regular list of numbers') from None
    kinds = "iuf" if np.issubdtype(wanted.dtype, np.floating) else "iu"
    if not isinstance(data, list) or array.dtype.kind not in kinds:
        raise RequestError(f'{where}: "data" must be a list of {wanted.datatype} numbers')
    if array.shape not in ((math.prod(shape),), tuple(shape)):
        raise RequestError(f"{where}: shape {shape} does not fit the {array.size} numbers in data")
    with np.errstate(over="ignore"):  # too large for FP32 becomes infinite, and that is refused
        return array.astype(wanted.dtype)


def read_outputs(document: dict[str, Any], version: Version) -> dict[str, bool]:
    known = [tensor.name for tensor in version.outputs]
    by_default = parameters(document).get("binary_data_output") is True
    asked = objects(document, "outputs")
    if not asked:
        return dict.fromkeys(known, by_default)
    outputs: dict[str, bool] = {}
    for entry in asked:
        name = entry.get("name")
        if not isinstance(name, str) or name not in known:
            raise RequestError(f"unknown output {name!r}: the model has {', '.join(known)}")
        outputs[name] = parameters(entry).get("binary_data", by_default) is True
    return outputs


def signature(version: Version) -> str:
    return ", ".join(f"{t.name!r} {t.datatype} {list(t.shape)}" for t in version.inputs)


def encode(
    model: str, version: Version, request: Request, arrays: list[NDArray[Any]]
) -> tuple[bytes, dict[str, str]]:
    """The body and its headers."""
    datatypes = {tensor.name: tensor.datatype for tensor in version.outputs}
    outputs: list[dict[str, Any]] = []
    raw: list[bytes] = []
    for (name, binary), array in zip(request.outputs.items(), arrays, strict=True):
        entry: dict[str, Any] = {
            "name": name,
            "datatype": datatypes[name],
            "shape": list(array.shape),
        }
        if binary:
            raw.append(array.astype(array.dtype.newbyteorder("<")).tobytes())
            entry["parameters"] = {"binary_data_size": len(raw[-1])}
        else:
            entry["data"] = array.ravel().tolist()
        outputs.append(entry)
    document: dict[str, Any] = {"model_name": model, "model_version": version.name}
    if request.id:
        document["id"] = request.id
    text = json.dumps(document | {"outputs": outputs}, separators=(",", ":")).encode()
    if not raw:
        return text, {"Content-Type": "application/json"}
    headers = {"Content-Type": "application/octet-stream", BINARY_HEADER: str(len(text))}
    return text + b"".join(raw), headers

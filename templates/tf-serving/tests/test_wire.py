"""The messages that are declared here are TensorFlow's, and carry arrays unchanged."""

import json
import subprocess

import numpy as np
import pytest

import wire
from tests.conftest import ROOT, TENSORFLOW, needs_tensorflow
from wire import schema

# Field by field, as TensorFlow's own Python package has them.
OWN = """
import importlib, json, sys
from google.protobuf.descriptor_pb2 import FileDescriptorProto
import tensorflow
found = {}
for name in json.load(sys.stdin):
    module = importlib.import_module(name.removesuffix(".proto").replace("/", ".") + "_pb2") \
        if name.startswith("tensorflow/") else None
    from google.protobuf import descriptor_pool
    file = FileDescriptorProto()
    descriptor_pool.Default().FindFileByName(name).CopyToProto(file)
    def walk(prefix, message):
        for field in message.field:
            found[f"{prefix}{message.name}.{field.name}"] = [
                field.number, field.type, field.label, field.type_name]
        for nested in message.nested_type:
            walk(f"{prefix}{message.name}.", nested)
    for message in file.message_type:
        walk(f"{file.package}.", message)
    for enum in file.enum_type:
        for value in enum.value:
            found[f"{file.package}.{enum.name}.{value.name}"] = value.number
print(json.dumps(found))
"""


def declared() -> dict[str, object]:
    found: dict[str, object] = {}

    def walk(prefix: str, message: schema.DescriptorProto) -> None:
        for field in message.field:
            found[f"{prefix}{message.name}.{field.name}"] = [
                field.number,
                field.type,
                field.label,
                field.type_name,
            ]
        for nested in message.nested_type:
            walk(f"{prefix}{message.name}.", nested)

    for file in schema.FILES:
        for message in file.message_type:
            walk(f"{file.package}.", message)
        for enum in file.enum_type:
            for value in enum.value:
                found[f"{file.package}.{enum.name}.{value.name}"] = value.number
    return found


@needs_tensorflow
def test_every_field_is_tensorflows_own() -> None:
    names = json.dumps([file.name for file in schema.FILES])
    done = subprocess.run(
        [TENSORFLOW, "-c", OWN],
        cwd=ROOT,
        input=names,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    own = json.loads(done.stdout.splitlines()[-1])
    assert {name: own.get(name) for name in declared()} == declared()


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.int64])
def test_an_array_goes_there_and_back(dtype: type) -> None:
    values = np.arange(6, dtype=dtype).reshape(2, 3)
    np.testing.assert_array_equal(wire.array(wire.tensor(values)), values)
    assert wire.array(wire.tensor(values)).dtype == dtype


def test_the_short_form_of_a_tensor_is_understood() -> None:
    short = wire.tensor(np.zeros([3], np.float32))
    short.tensor_content = b""
    short.float_val.append(0.25)
    assert wire.array(short).tolist() == [0.25, 0.25, 0.25]


def test_what_has_no_type_here_is_refused() -> None:
    with pytest.raises(TypeError):
        wire.tensor(np.array(["a"]))

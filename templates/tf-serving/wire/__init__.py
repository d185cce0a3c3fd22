"""TensorFlow Serving's messages without TensorFlow: import this before tensorflow_serving.

The package tensorflow-serving-api has the messages of the *server*. Those of TensorFlow that they
are built from (tensors, shapes, types) come with the 1.4 GB of TensorFlow, which a caller has no
other use for. Where it is not installed, the few that are needed are declared here from schema.py.
"""

import importlib.util
import sys
from types import ModuleType

import numpy as np
from google.protobuf import descriptor_pool
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.internal import builder
from numpy.typing import NDArray

from wire import schema


def declare(file: FileDescriptorProto) -> None:
    """Puts the file's messages where the generated code of tensorflow-serving-api imports them."""
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    name = module_name(file.name)
    module = ModuleType(name)
    builder.BuildMessageAndEnumDescriptors(pool.FindFileByName(file.name), module.__dict__)
    builder.BuildTopDescriptorsAndMessages(pool.FindFileByName(file.name), name, module.__dict__)
    for index in file.public_dependency:
        public = module_name(file.dependency[index])
        # The name that protoc gives to an import, and looks for in a module that passes it on.
        setattr(module, public.replace("_", "__").replace(".", "_dot_"), sys.modules[public])
    sys.modules[name] = module
    parts = name.split(".")
    for depth in range(1, len(parts)):
        package = sys.modules.setdefault(".".join(parts[:depth]), ModuleType(parts[depth - 1]))
        package.__path__ = []  # which makes it one
    setattr(sys.modules[name.rpartition(".")[0]], parts[-1], module)


def module_name(file: str) -> str:
    return file.removesuffix(".proto").replace("/", ".") + "_pb2"


if importlib.util.find_spec("tensorflow") is None:
    for _file in schema.FILES:
        declare(_file)

from tensorflow.core.framework import tensor_pb2, types_pb2  # noqa: E402

# numpy's types, TensorFlow's, and the field that a TensorProto may hold their values in.
TYPES = (
    (np.dtype(np.float32), types_pb2.DT_FLOAT, "float_val"),
    (np.dtype(np.float64), types_pb2.DT_DOUBLE, "double_val"),
    (np.dtype(np.int32), types_pb2.DT_INT32, "int_val"),
    (np.dtype(np.int64), types_pb2.DT_INT64, "int64_val"),
)


def tensor(values: NDArray) -> tensor_pb2.TensorProto:
    """A typed array as a message. Its type is the array's: nothing is converted on the way."""
    for dtype, number, _ in TYPES:
        if dtype == values.dtype:
            proto = tensor_pb2.TensorProto(dtype=number, tensor_content=values.tobytes())
            for size in values.shape:
                proto.tensor_shape.dim.add(size=size)
            return proto
    raise TypeError(f"no tensor of {values.dtype} here")


def array(proto: tensor_pb2.TensorProto) -> NDArray:
    """The typed array in a message."""
    shape = [dim.size for dim in proto.tensor_shape.dim]
    for dtype, number, field in TYPES:
        if number == proto.dtype:
            if proto.tensor_content:
                return np.frombuffer(proto.tensor_content, dtype).reshape(shape)
            values = np.array(getattr(proto, field), dtype)
            # One value for all places is the short form of a tensor.
            return np.full(shape, values[0]) if values.size == 1 else values.reshape(shape)
    raise TypeError(f"no array of type {proto.dtype} here")

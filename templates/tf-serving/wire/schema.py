"""The messages that tensorflow-serving-api refers to and does not bring, field by field.

Names and numbers are those of TensorFlow 2.20.0 and TensorFlow Serving 2.20.0 (Apache-2.0); what no
call of this lab carries is left out. tests/test_wire.py compares them with TensorFlow's own.
"""

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)

KINDS = {
    "double": FieldDescriptorProto.TYPE_DOUBLE,
    "float": FieldDescriptorProto.TYPE_FLOAT,
    "int64": FieldDescriptorProto.TYPE_INT64,
    "int32": FieldDescriptorProto.TYPE_INT32,
    "bool": FieldDescriptorProto.TYPE_BOOL,
    "string": FieldDescriptorProto.TYPE_STRING,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
}
ENUMS = (".tensorflow.DataType",)


def field(name: str, number: int, kind: str) -> FieldDescriptorProto:
    """kind: a scalar or a message's full name; `*` at its end says that it is repeated."""
    plain = kind.removesuffix("*")
    made = FieldDescriptorProto(name=name, number=number)
    made.label = made.LABEL_REPEATED if plain != kind else made.LABEL_OPTIONAL
    if plain in KINDS:
        made.type = KINDS[plain]
    else:
        made.type = made.TYPE_ENUM if plain in ENUMS else made.TYPE_MESSAGE
        made.type_name = plain
    return made


def message(name: str, /, *nested: DescriptorProto, **fields: tuple[int, str]) -> DescriptorProto:
    made = [field(key, *value) for key, value in fields.items()]
    return DescriptorProto(name=name, nested_type=nested, field=made)


def entry(name: str, kind: str) -> DescriptorProto:
    """What a map is made of: a repeated message of key and value."""
    made = message(name, key=(1, "string"), value=(2, kind))
    made.options.map_entry = True
    return made


def enum(name: str, /, **values: int) -> EnumDescriptorProto:
    made = EnumDescriptorProto(name=name)
    for key, number in values.items():
        made.value.add(name=key, number=number)
    return made


def file(
    name: str,
    *parts: DescriptorProto | EnumDescriptorProto,
    package: str = "tensorflow",
    needs: tuple[str, ...] = (),
    public: bool = False,
) -> FileDescriptorProto:
    made = FileDescriptorProto(name=name, package=package, syntax="proto3", dependency=needs)
    made.message_type.extend(part for part in parts if isinstance(part, DescriptorProto))
    made.enum_type.extend(part for part in parts if isinstance(part, EnumDescriptorProto))
    if public:
        made.public_dependency.extend(range(len(needs)))
    return made


TYPES, SHAPE, TENSOR = (
    f"tensorflow/core/framework/{name}.proto" for name in ("types", "tensor_shape", "tensor")
)
FEATURE, CODES = "tensorflow/core/example/feature.proto", "xla/tsl/protobuf/error_codes.proto"

FILES = (
    file(
        TYPES,
        enum(
            "DataType",
            DT_INVALID=0,
            DT_FLOAT=1,
            DT_DOUBLE=2,
            DT_INT32=3,
            DT_UINT8=4,
            DT_INT16=5,
            DT_INT8=6,
            DT_STRING=7,
            DT_INT64=9,
            DT_BOOL=10,
            DT_HALF=19,
        ),
    ),
    file(
        SHAPE,
        message(
            "TensorShapeProto",
            message("Dim", size=(1, "int64"), name=(2, "string")),
            dim=(2, ".tensorflow.TensorShapeProto.Dim*"),
            unknown_rank=(3, "bool"),
        ),
    ),
    file(
        TENSOR,
        message(
            "TensorProto",
            dtype=(1, ".tensorflow.DataType"),
            tensor_shape=(2, ".tensorflow.TensorShapeProto"),
            version_number=(3, "int32"),
            tensor_content=(4, "bytes"),
            float_val=(5, "float*"),
            double_val=(6, "double*"),
            int_val=(7, "int32*"),
            string_val=(8, "bytes*"),
            int64_val=(10, "int64*"),
            bool_val=(11, "bool*"),
        ),
        needs=(TYPES, SHAPE),
    ),
    file(
        FEATURE,
        message("BytesList", value=(1, "bytes*")),
        message("FloatList", value=(1, "float*")),
        message("Int64List", value=(1, "int64*")),
        message(
            "Feature",
            bytes_list=(1, ".tensorflow.BytesList"),
            float_list=(2, ".tensorflow.FloatList"),
            int64_list=(3, ".tensorflow.Int64List"),
        ),
        message(
            "Features",
            entry("FeatureEntry", ".tensorflow.Feature"),
            feature=(1, ".tensorflow.Features.FeatureEntry*"),
        ),
    ),
    file(
        "tensorflow/core/example/example.proto",
        message("Example", features=(1, ".tensorflow.Features")),
        needs=(FEATURE,),
    ),
    file(
        "tensorflow/core/protobuf/meta_graph.proto",
        message(
            "TensorInfo",
            name=(1, "string"),
            dtype=(2, ".tensorflow.DataType"),
            tensor_shape=(3, ".tensorflow.TensorShapeProto"),
        ),
        message(
            "SignatureDef",
            entry("InputsEntry", ".tensorflow.TensorInfo"),
            entry("OutputsEntry", ".tensorflow.TensorInfo"),
            inputs=(1, ".tensorflow.SignatureDef.InputsEntry*"),
            outputs=(2, ".tensorflow.SignatureDef.OutputsEntry*"),
            method_name=(3, "string"),
        ),
        needs=(TYPES, SHAPE),
    ),
    file(
        CODES,
        enum(
            "Code",
            OK=0,
            CANCELLED=1,
            UNKNOWN=2,
            INVALID_ARGUMENT=3,
            DEADLINE_EXCEEDED=4,
            NOT_FOUND=5,
            ALREADY_EXISTS=6,
            PERMISSION_DENIED=7,
            RESOURCE_EXHAUSTED=8,
            FAILED_PRECONDITION=9,
            ABORTED=10,
            OUT_OF_RANGE=11,
            UNIMPLEMENTED=12,
            INTERNAL=13,
            UNAVAILABLE=14,
            DATA_LOSS=15,
            UNAUTHENTICATED=16,
        ),
        package="tensorflow.error",
    ),
    file(
        "tensorflow/core/protobuf/error_codes.proto",
        package="tensorflow.error.dummy",
        needs=(CODES,),
        public=True,
    ),
)

# Two configuration files whose messages are in no Python package: wire/config.py parses with them.
WRAPPERS = "google/protobuf/wrappers.proto"
MONITORING = file(
    "tensorflow_serving/config/monitoring_config.proto",
    message("PrometheusConfig", enable=(1, "bool"), path=(2, "string")),
    message("MonitoringConfig", prometheus_config=(1, ".tensorflow.serving.PrometheusConfig")),
    package="tensorflow.serving",
)
BATCHING = file(
    "tensorflow_serving/servables/tensorflow/session_bundle_config.proto",
    message(
        "BatchingParameters",
        max_batch_size=(1, ".google.protobuf.Int64Value"),
        batch_timeout_micros=(2, ".google.protobuf.Int64Value"),
        max_enqueued_batches=(3, ".google.protobuf.Int64Value"),
        num_batch_threads=(4, ".google.protobuf.Int64Value"),
        thread_pool_name=(5, ".google.protobuf.StringValue"),
        allowed_batch_sizes=(6, "int64*"),
        pad_variable_length_inputs=(7, "bool"),
        enable_large_batch_splitting=(8, ".google.protobuf.BoolValue"),
        max_execution_batch_size=(9, ".google.protobuf.Int64Value"),
    ),
    package="tensorflow.serving",
    needs=(WRAPPERS,),
)

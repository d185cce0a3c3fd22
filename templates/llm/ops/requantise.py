"""Writes the model with another precision: python -m ops.requantise q8_0|q4_0

A GGUF file holds named tables of numbers (tensors) and facts about them. Quantising stores a table
in blocks of 32 numbers: one scale for each block, and 8 or 4 bits for each number.
"""

import argparse
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter, LlamaFileType
from gguf.quants import dequantize, quantize

from ops import model

SOURCE = Path("models/smollm2-q4_1.gguf")
KINDS = {
    "q8_0": (GGMLQuantizationType.Q8_0, LlamaFileType.MOSTLY_Q8_0),
    "q4_0": (GGMLQuantizationType.Q4_0, LlamaFileType.MOSTLY_Q4_0),
}
UNQUANTISED = (GGMLQuantizationType.F32, GGMLQuantizationType.F16)
OWN = {"GGUF.version", "GGUF.tensor_count", "GGUF.kv_count"}  # the writer's business


def copy_facts(reader: GGUFReader, writer: GGUFWriter, file_type: LlamaFileType) -> None:
    for name, field in reader.fields.items():
        if name in OWN or name == "general.architecture":
            continue
        if name == "general.file_type":
            writer.add_file_type(file_type)
            continue
        kind = field.types[0]
        inner = field.types[-1] if kind == GGUFValueType.ARRAY else None
        writer.add_key_value(name, field.contents(), kind, inner)


def main() -> None:
    parser = argparse.ArgumentParser(description="Writes the model with another precision.")
    parser.add_argument("kind", choices=KINDS)
    kind = parser.parse_args().kind
    target = SOURCE.with_name(f"smollm2-{kind}.gguf")
    partial = target.with_suffix(".partial")
    wanted, file_type = KINDS[kind]

    if not SOURCE.exists():  # in containers the image has it, and this machine does not yet
        model.main()
    reader = GGUFReader(SOURCE)
    writer = GGUFWriter(partial, str(reader.fields["general.architecture"].contents()))
    copy_facts(reader, writer, file_type)
    for tensor in reader.tensors:
        if tensor.tensor_type in UNQUANTISED:
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
            continue
        numbers = dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        writer.add_tensor(tensor.name, quantize(numbers, wanted), raw_dtype=wanted)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    partial.replace(target)
    print(f"{target}: {target.stat().st_size / 1e6:.0f} MB, from {SOURCE.name}")


if __name__ == "__main__":
    main()

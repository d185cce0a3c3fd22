"""The model repository: MODELS_DIR/MODEL/VERSION/model.onnx, found by listing, loaded once."""

import json
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

log = logging.getLogger(__name__)

# ONNX type -> (protocol datatype, numpy type): what this server can carry over the wire.
TYPES: dict[str, tuple[str, type[np.generic]]] = {
    "tensor(float)": ("FP32", np.float32),
    "tensor(double)": ("FP64", np.float64),
    "tensor(int64)": ("INT64", np.int64),
    "tensor(int32)": ("INT32", np.int32),
}


@dataclass(frozen=True)
class Tensor:
    name: str
    datatype: str
    dtype: type[np.generic]
    shape: tuple[int, ...]  # -1: any number, the rows of a batch

    @classmethod
    def of(cls, argument: ort.NodeArg) -> "Tensor":
        if argument.type not in TYPES:
            raise ValueError(f"tensor {argument.name} has type {argument.type}, not served here")
        shape = tuple(size if isinstance(size, int) else -1 for size in argument.shape)
        return cls(argument.name, *TYPES[argument.type], shape)

    def describe(self) -> dict[str, Any]:
        return {"name": self.name, "datatype": self.datatype, "shape": list(self.shape)}


@dataclass
class Version:
    """One loaded model file."""

    name: str
    session: ort.InferenceSession
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    metadata: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path) -> "Version":
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1  # one small row: more threads only fight over the cores
        options.log_severity_level = 3
        session = ort.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        described = folder / "metadata.json"
        return cls(
            folder.name,
            session,
            tuple(map(Tensor.of, session.get_inputs())),
            tuple(map(Tensor.of, session.get_outputs())),
            json.loads(described.read_text("utf-8")) if described.exists() else {},
        )

    def run(self, inputs: dict[str, NDArray[Any]], outputs: list[str]) -> list[NDArray[Any]]:
        return self.session.run(outputs, inputs)


@dataclass
class Repository:
    """Model -> version -> what was loaded; what could not be loaded is kept with its reason."""

    root: Path
    models: dict[str, dict[str, Version]] = field(default_factory=dict)
    failures: dict[tuple[str, str], str] = field(default_factory=dict)

    @classmethod
    def load(cls, root: Path) -> "Repository":
        found = cls(root)
        found.refresh()
        if not found.models:
            log.error("no model versions in %s", root.resolve())
        return found

    def refresh(self) -> None:
        """Loads the versions that were added since; those that are loaded stay as they are."""
        for folder in sorted(self.root.glob("*/*/")):
            model, version = folder.parent.name, folder.name
            if not version.isdecimal():  # .1.partial and the like: a version still being written
                continue
            if version in self.models.get(model, {}):
                continue
            try:
                loaded = Version.load(folder)
            except Exception as error:  # a broken file must not take the good versions down
                self.failures[model, version] = str(error)
                log.error("cannot load %s version %s: %s", model, version, error)
            else:
                self.models.setdefault(model, {})[version] = loaded
                self.failures.pop((model, version), None)
                log.info("loaded %s version %s", model, version)

    def index(self) -> list[dict[str, str]]:
        loaded = [
            {"name": model, "version": version, "state": "READY", "reason": ""}
            for model, versions in self.models.items()
            for version in versions
        ]
        failed = [
            {"name": model, "version": version, "state": "UNAVAILABLE", "reason": reason}
            for (model, version), reason in self.failures.items()
        ]
        return sorted(loaded + failed, key=lambda entry: (entry["name"], int(entry["version"])))

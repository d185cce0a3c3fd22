"""Trains the two versions, and writes down what their inputs looked like: models/profile.json.

python -m train [--missing]: with --missing only when the last file is not there.
"""

import json
import os
import sys
from pathlib import Path

# onnxruntime's Linux wheels report usage to their maker unless switched off, before the import.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import numpy as np
from numpy.typing import NDArray
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.base import ClassifierMixin
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from features import FEATURES
from train.data import TRAIN_SEED, make

VERSIONS: dict[str, ClassifierMixin] = {
    "1": make_pipeline(StandardScaler(), LogisticRegression()),
    "2": GradientBoostingClassifier(
        n_estimators=80, max_depth=3, subsample=0.8, random_state=TRAIN_SEED
    ),
}


def to_bytes(model: ClassifierMixin) -> bytes:
    onnx = convert_sklearn(
        model,
        initial_types=[("features", FloatTensorType([None, len(FEATURES)]))],
        target_opset=18,
        options={"zipmap": False},  # plain arrays, which the protocol can carry
    )
    return onnx.SerializeToString()


def profile(table: NDArray[np.float32]) -> dict[str, dict[str, list[float]]]:
    """For each feature the edges between its bins, and the share of the training rows in each.

    The bins are deciles, so that each has rows to compare with. A feature with few values (0 and 1)
    has fewer bins. A value that equals an edge belongs to the bin above it.
    """
    found = {}
    for name, values in zip(FEATURES, table.T, strict=True):
        deciles = np.unique(np.quantile(values, np.arange(0.1, 1, 0.1), method="higher"))
        edges = deciles[deciles > values.min()]
        counts = np.bincount(np.searchsorted(edges, values, "right"), minlength=len(edges) + 1)
        shares = counts / len(values)
        found[name] = {"edges": edges.tolist(), "shares": shares.round(5).tolist()}
    return found


def write(file: Path, content: bytes) -> None:
    """Whole or not at all: a server that starts meanwhile never sees half a file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.partial")
    partial.write_bytes(content)
    partial.replace(file)


def main() -> None:
    models = Path(os.environ.get("MODELS_DIR", "models"))
    last = models / "profile.json"
    if "--missing" in sys.argv[1:] and last.exists():
        print("the models are there already")
        return
    data = make(6000, TRAIN_SEED)
    for version, model in VERSIONS.items():
        write(models / "rollback" / version / "model.onnx", to_bytes(model.fit(*data)))
        print(f"rollback {version}: {model}")
    write(last, json.dumps(profile(data.features), indent=1).encode() + b"\n")


if __name__ == "__main__":
    main()

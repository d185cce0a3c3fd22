"""Trains the versions and writes models/rollback/VERSION/{model.onnx,metadata.json}.

python -m train [--missing]: with --missing only those versions that are not there.
Where MLFLOW_TRACKING_URI names a tracking server, each training is logged there as a run.
"""

import hashlib
import json
import os
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

# onnxruntime's Linux wheels report usage to their maker unless switched off, before the import.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime as ort
import sklearn
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.base import ClassifierMixin
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import track
from features import FEATURES
from train.data import HOLDOUT_SEED, TRAIN_SEED, Deployments, auc, make

MODEL = "rollback"
OPSET = 18


def logistic(data: Deployments) -> ClassifierMixin:
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(*data)


def boosted(data: Deployments) -> ClassifierMixin:
    return GradientBoostingClassifier(
        n_estimators=80, max_depth=3, subsample=0.8, random_state=TRAIN_SEED
    ).fit(*data)


VERSIONS = {
    "1": ("logistic regression", logistic),
    "2": ("gradient boosting", boosted),
}


def to_bytes(model: ClassifierMixin) -> bytes:
    """The model as ONNX: a file that any ONNX runtime executes, without scikit-learn."""
    onnx = convert_sklearn(
        model,
        initial_types=[("features", FloatTensorType([None, len(FEATURES)]))],
        target_opset=OPSET,
        # zipmap would wrap each row's probabilities in a dictionary, which no protocol can carry.
        options={"zipmap": False},
    )
    return onnx.SerializeToString()


def judge(onnx: bytes, holdout: Deployments) -> float:
    """The AUC of what will be served: the ONNX file in its runtime, not the object in memory."""
    session = ort.InferenceSession(onnx, providers=["CPUExecutionProvider"])
    probabilities = session.run(["probabilities"], {"features": holdout.features})[0]
    return auc(holdout.rolled_back, probabilities[:, 1])


def write(target: Path, onnx: bytes, metadata: dict[str, object]) -> None:
    """Both files or neither: a server that lists the folder never sees half a version."""
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    (partial / "model.onnx").write_bytes(onnx)
    (partial / "metadata.json").write_text(json.dumps(metadata, indent=2) + "\n", "utf-8")
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)


def main() -> None:
    models = Path(os.environ.get("MODELS_DIR", "models")) / MODEL
    data = make(6000, TRAIN_SEED)
    holdout = make(4000, HOLDOUT_SEED)
    for version, (algorithm, fit) in VERSIONS.items():
        if "--missing" in sys.argv[1:] and (models / version / "model.onnx").exists():
            print(f"{MODEL} {version}: there already")
            continue
        params = {"version": version, "algorithm": algorithm, "rows": len(data.rolled_back)}
        with track.run(f"{MODEL} {version}", experiment="serving", params=params) as run:
            onnx = to_bytes(fit(data))
            metadata = {
                "model": MODEL,
                "version": version,
                "algorithm": algorithm,
                "features": FEATURES,
                "auc": round(judge(onnx, holdout), 4),
                "rows": len(data.rolled_back),
                "created": datetime.now(UTC).isoformat(timespec="seconds"),
                "created_by": f"scikit-learn {sklearn.__version__}",
                "sha256": hashlib.sha256(onnx).hexdigest(),
            }
            write(models / version, onnx, metadata)
            run.metrics({"auc": metadata["auc"], "model_bytes": len(onnx)})
            run.artifact(models / version / "model.onnx")
        print(f"{MODEL} {version}: {algorithm}, {len(onnx) / 1024:.0f} kB")


if __name__ == "__main__":
    main()

"""One model: how it is trained, turned into ONNX, scored, and logged."""

import logging
from dataclasses import asdict, dataclass
from importlib.metadata import version

import mlflow
import numpy as np
import onnx
import onnxruntime as ort
from mlflow.models import ModelSignature
from mlflow.models.model import ModelInfo
from mlflow.types import Schema, TensorSpec
from numpy.typing import NDArray
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import GradientBoostingClassifier

from features import FEATURES
from train.data import TRAIN_SEED, Deployments, auc, make

EXPERIMENT = "rollback"
VALIDATION_SEED = 13  # deployments that training does not see: what candidates are compared on
OPSET = 18

# A virtual environment made by uv has no pip, and MLflow warns of that at every model.
logging.getLogger("mlflow.utils.environment").setLevel(logging.ERROR)

# What goes in and what comes out, by name and type: stored with the model, checked at every call.
SIGNATURE = ModelSignature(
    inputs=Schema([TensorSpec(np.dtype(np.float32), (-1, len(FEATURES)), "features")]),
    outputs=Schema(
        [
            TensorSpec(np.dtype(np.int64), (-1,), "label"),
            TensorSpec(np.dtype(np.float32), (-1, 2), "probabilities"),
        ]
    ),
)


@dataclass(frozen=True)
class Settings:
    """The knobs of gradient boosting (many small decision trees, each mending the ones before)."""

    trees: int
    depth: int
    learning_rate: float = 0.1


def training_data() -> Deployments:
    return make(6000, TRAIN_SEED)


def validation_data() -> Deployments:
    return make(6000, VALIDATION_SEED)


def fit(settings: Settings, data: Deployments) -> onnx.ModelProto:
    model = GradientBoostingClassifier(
        n_estimators=settings.trees,
        max_depth=settings.depth,
        learning_rate=settings.learning_rate,
        subsample=0.8,
        random_state=TRAIN_SEED,
    ).fit(*data)
    return convert_sklearn(
        model,
        initial_types=[("features", FloatTensorType([None, len(FEATURES)]))],
        target_opset=OPSET,
        # zipmap would wrap each row's probabilities in a dictionary, which no protocol can carry.
        options={"zipmap": False},
    )


def probabilities(model: onnx.ModelProto, data: Deployments) -> NDArray[np.float32]:
    """How likely each deployment is rolled back, by the ONNX file: that is what will be served."""
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(["probabilities"], {"features": data.features})[0][:, 1]


def log(
    settings: Settings, model: onnx.ModelProto, train: Deployments, validation: Deployments
) -> ModelInfo:
    """Parameters, metrics and the model itself, into the run that is open."""
    mlflow.log_params({"algorithm": "gradient boosting", "rows": len(train.rolled_back)})
    mlflow.log_params(asdict(settings))
    mlflow.log_metrics(
        {
            "training_auc": auc(train.rolled_back, probabilities(model, train)),
            "validation_auc": auc(validation.rolled_back, probabilities(model, validation)),
            "model_bytes": model.ByteSize(),
        }
    )
    return mlflow.onnx.log_model(
        model,
        name="model",
        signature=SIGNATURE,
        onnx_execution_providers=["CPUExecutionProvider"],
        # Said, not guessed: MLflow would load the model in a new process to find out.
        pip_requirements=[f"{name}=={version(name)}" for name in ("onnx", "onnxruntime")],
        save_as_external_data=False,  # one file
    )

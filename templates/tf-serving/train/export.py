"""The training and the export, with TensorFlow: run by train/__main__.py in .tensorflow/.venv."""

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from features import FEATURES
from train.data import HOLDOUT_SEED, TRAIN_SEED, Deployments, auc, make

from tensorflow_serving.apis import model_pb2, predict_pb2, prediction_log_pb2

MODELS = Path("models/rollback")
# The hidden layers: without any, what is left is a logistic regression.
VERSIONS = {1: ("logistic regression", ()), 2: ("dense network", (32, 16))}
ROW = tf.TensorSpec([None, len(FEATURES)], tf.float32, name="features")
COLUMNS = {name: tf.TensorSpec([None], tf.float32, name=name) for name in FEATURES}


def fit(hidden: tuple[int, ...], data: Deployments) -> keras.Model:
    keras.utils.set_random_seed(TRAIN_SEED)
    scale = keras.layers.Normalization()
    scale.adapt(data.features)
    layers = [keras.layers.Dense(units, activation="tanh") for units in hidden]
    last = keras.layers.Dense(1, activation="sigmoid")
    model = keras.Sequential([keras.Input([len(FEATURES)]), scale, *layers, last])
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="binary_crossentropy")
    model.fit(data.features, data.rolled_back, epochs=15, batch_size=256, verbose=0)
    return model


class Served(tf.Module):
    """What is exported: numbers and two functions, without the training around them."""

    def __init__(self, model: keras.Model) -> None:
        super().__init__()
        scale, *layers = model.layers
        self.mean = tf.constant(np.asarray(scale.mean), tf.float32)
        self.deviation = tf.constant(np.sqrt(np.asarray(scale.variance)), tf.float32)
        self.layers = [
            tuple(tf.Variable(weights, trainable=False) for weights in layer.get_weights())
            for layer in layers
        ]

    def probability(self, rows: tf.Tensor) -> tf.Tensor:
        value = (rows - self.mean) / self.deviation
        *hidden, (weights, bias) = self.layers
        for inner_weights, inner_bias in hidden:
            value = tf.tanh(value @ inner_weights + inner_bias)
        return tf.sigmoid(value @ weights + bias)[:, 0]

    @tf.function(input_signature=[ROW])
    def by_position(self, features: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"probability": self.probability(features)}

    @tf.function(input_signature=[COLUMNS])
    def by_name(self, columns: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        probability = self.probability(tf.stack([columns[name] for name in FEATURES], axis=1))
        return {"probability": probability, "rolled_back": tf.cast(probability >= 0.5, tf.int64)}


def warm_up(version: int, rows: np.ndarray) -> bytes:
    """A request that the server replays before it calls the version available.

    The first request after a load is slow: TensorFlow lays out memory and threads for it.
    """
    spec = model_pb2.ModelSpec(name=MODELS.name, signature_name="serving_default")
    spec.version.value = version
    request = predict_pb2.PredictRequest(model_spec=spec)
    request.inputs["features"].CopyFrom(tf.make_tensor_proto(rows, tf.float32))
    log = prediction_log_pb2.PredictLog(request=request)
    return prediction_log_pb2.PredictionLog(predict_log=log).SerializeToString()


def write(served: Served, target: Path, card: dict[str, object], rows: np.ndarray) -> None:
    """All files or none: a server that polls the folder never sees half a version."""
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    signatures = {"serving_default": served.by_position, "deployment": served.by_name}
    tf.saved_model.save(served, str(partial), signatures=signatures)
    extra = partial / "assets.extra"
    extra.mkdir()
    with tf.io.TFRecordWriter(str(extra / "tf_serving_warmup_requests")) as records:
        for size in (1, 16):
            records.write(warm_up(int(target.name), rows[:size]))
    (extra / "card.json").write_text(json.dumps(card, indent=2) + "\n", "utf-8")
    for path in (partial, *partial.rglob("*")):  # for the container's user, whatever the umask
        path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)


def judge(served: Served, holdout: Deployments) -> float:
    """The AUC of what is exported, not of the object that was trained."""
    probability = served.by_position(tf.constant(holdout.features))["probability"]
    return auc(holdout.rolled_back, probability.numpy())


def main() -> None:
    # Slower, and the same numbers at every run on one kind of machine.
    tf.config.experimental.enable_op_determinism()
    data, holdout = make(6000, TRAIN_SEED), make(4000, HOLDOUT_SEED)
    for version, (algorithm, hidden) in VERSIONS.items():
        served = Served(fit(hidden, data))
        score = round(judge(served, holdout), 4)
        card = {
            "model": MODELS.name,
            "version": version,
            "algorithm": algorithm,
            "auc": score,
            "rows": len(data.rolled_back),
            "created_by": f"tensorflow {tf.__version__}",
        }
        write(served, MODELS / str(version), card, data.features)
        print(f"{MODELS.name} {version}: {algorithm}, AUC {score}")


if __name__ == "__main__":
    main()

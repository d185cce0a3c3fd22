"""Writes models/rollback/3: the numbers of version 2 behind another interface. With TensorFlow."""

import shutil
from pathlib import Path

import tensorflow as tf

MODELS = Path("models/rollback")


class Renamed(tf.Module):
    """What an export gives to tensors when nobody names them."""

    def __init__(self, inner: object) -> None:
        super().__init__()
        self.inner = inner

    @tf.function(input_signature=[tf.TensorSpec([None, 8], tf.float32, name="keras_tensor")])
    def call(self, keras_tensor: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"output_0": self.inner.by_position(keras_tensor)["probability"]}


model = Renamed(tf.saved_model.load(str(MODELS / "2")))
partial = MODELS / ".3.partial"
shutil.rmtree(partial, ignore_errors=True)
tf.saved_model.save(model, str(partial), signatures={"serving_default": model.call})
shutil.rmtree(MODELS / "3", ignore_errors=True)
partial.rename(MODELS / "3")

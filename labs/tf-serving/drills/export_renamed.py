"""Writes a version with the numbers of another behind a new interface: export_renamed.py OLD NEW"""

import json
import shutil
import sys
from pathlib import Path

import tensorflow as tf

MODELS = Path("models/rollback")
OLD, NEW = sys.argv[1:]


class Renamed(tf.Module):
    """What an export gives to tensors when nobody names them."""

    def __init__(self, inner: object) -> None:
        super().__init__()
        self.inner = inner

    @tf.function(input_signature=[tf.TensorSpec([None, 8], tf.float32, name="keras_tensor")])
    def call(self, keras_tensor: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"output_0": self.inner.by_position(keras_tensor)["probability"]}


model = Renamed(tf.saved_model.load(str(MODELS / OLD)))
partial = MODELS / f".{NEW}.partial"
shutil.rmtree(partial, ignore_errors=True)
tf.saved_model.save(model, str(partial), signatures={"serving_default": model.call})
extra = partial / "assets.extra"
extra.mkdir()
card = {"model": MODELS.name, "version": int(NEW), "replaces": int(OLD)}
card["created_by"] = "release pipeline"
(extra / "card.json").write_text(json.dumps(card) + "\n", "utf-8")
for path in (partial, *partial.rglob("*")):  # for the container's user, whatever the umask
    path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
partial.rename(MODELS / NEW)

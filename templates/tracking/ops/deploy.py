"""Fetches the champion for the model server: python -m ops.deploy

Writes models/rollback/VERSION/ and points all the traffic in config/routing.json to it.
"""

import hashlib
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import mlflow
import onnx
from mlflow.entities import LoggedModel
from mlflow.entities.model_registry import ModelVersion

from ops import endpoint
from ops.registry import MODEL, champion, logged_model

MODELS = Path(os.environ.get("MODELS_DIR", "models")) / MODEL
ROUTES = Path(os.environ.get("ROUTING_FILE", "config/routing.json"))


def fetch(version: ModelVersion) -> bytes:
    """The model's file. By number, not by alias: that may move between two requests."""
    with tempfile.TemporaryDirectory() as folder:
        local = mlflow.artifacts.download_artifacts(
            f"models:/{MODEL}/{version.version}", dst_path=folder
        )
        content = (Path(local) / "model.onnx").read_bytes()
    onnx.checker.check_model(onnx.load_from_string(content))
    return content


def write(version: ModelVersion, model: LoggedModel, content: bytes) -> Path:
    """Both files or neither: a server that lists the folder never sees half a version."""
    metadata = {
        "model": MODEL,
        "version": version.version,
        "run_id": version.run_id,
        "model_id": model.model_id,
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    target = MODELS / version.version
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    (partial / "model.onnx").write_bytes(content)
    (partial / "metadata.json").write_text(json.dumps(metadata, indent=2) + "\n", "utf-8")
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
    return target


def route(version: ModelVersion) -> None:
    """Replaces the file in one step: the server never reads half of it."""
    partial = ROUTES.with_suffix(".partial")
    partial.write_text(json.dumps({MODEL: {version.version: 100}}, indent=2) + "\n", "utf-8")
    partial.replace(ROUTES)
    # The folder is mounted, too. On a cluster it is another user's, and open already.
    mode = ROUTES.parent.stat().st_mode
    if mode & 0o555 != 0o555:
        ROUTES.parent.chmod(mode | 0o555)


def main() -> int:
    os.umask(0o022)  # in containers the model server reads the files as another user
    endpoint.tracking()
    version = champion()
    if not (
        version.version.isascii() and version.version.isdecimal()
    ):  # it becomes a folder's name
        raise SystemExit(f"error: {MODEL} has the version {version.version!r}, which is no number")
    target = write(version, logged_model(version.run_id), fetch(version))
    route(version)
    print(f"{MODEL} version {version.version} is in {target}, and has all the traffic")
    print("a model server that runs already loads it when it is started again")
    return 0


if __name__ == "__main__":
    sys.exit(main())

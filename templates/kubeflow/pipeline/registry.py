"""Where versions of the model are kept: a folder, or the registry of an MLflow server.

The same model keeps the version that it has: a task may be run again, and must not release twice.
"""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import quote

import track
from features import FEATURES
from track import Api, TrackError

MODEL = "rollback"
Card = dict[str, Any]


def put(folder: Path, auc: float, registry: str) -> Card:
    """Registers folder/model.onnx and writes beside it, as card.json, what is known of it."""
    sha256 = hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()
    card = {"model": MODEL, "version": sha256[:12], "auc": auc, "sha256": sha256}
    if registry.startswith(("http://", "https://")):
        os.environ["MLFLOW_TRACKING_URI"] = registry  # where track finds the server
        card["version"] = _to_mlflow(folder, card)
    elif registry:
        card["version"] = _to_folder(folder, card, Path(registry) / MODEL)
    _write(folder, card)
    print(f"{MODEL} version {card['version']} in {registry or 'the artifact of this task'}")
    return card


def _write(folder: Path, card: Card) -> None:
    (folder / "card.json").write_text(json.dumps(card, indent=2) + "\n", "utf-8")


def _to_folder(folder: Path, card: Card, versions: Path) -> str:
    """The next number below `versions`; the files appear there together, or not at all."""
    last = 0
    for path in versions.glob("*/card.json"):
        known = json.loads(path.read_text("utf-8"))
        if known["sha256"] == card["sha256"]:
            return known["version"]
        last = max(last, int(known["version"]))
    version = str(last + 1)
    partial = versions / f".{version}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(folder, partial)
    _write(partial, card | {"version": version})
    partial.rename(versions / version)
    return version


def _to_mlflow(folder: Path, card: Card) -> str:
    """A run that has the model as an artifact, and a version of the registered model from it."""
    api = Api.from_environment()
    assert api is not None
    tag = {"key": "sha256", "value": card["sha256"]}
    known = api.call("GET", "model-versions/search?filter=" + quote(f"name='{MODEL}'"))
    for version in known.get("model_versions", []):
        if tag in version.get("tags", []):
            return version["version"]
    _write(folder, card)
    (folder / "MLmodel").write_text(json.dumps(_mlmodel(), indent=2) + "\n", "utf-8")
    with track.run("pipeline", experiment=MODEL, tags={"purpose": "pipeline"}) as run:
        run.metrics({"auc": card["auc"]})
        for file in sorted(folder.iterdir()):
            run.artifact(file, "model")
    try:
        api.call("POST", "registered-models/create", {"name": MODEL})
    except TrackError as error:
        if error.code != "RESOURCE_ALREADY_EXISTS":
            raise
    body = {"name": MODEL, "source": f"runs:/{run.id}/model", "run_id": run.id, "tags": [tag]}
    return api.call("POST", "model-versions/create", body)["model_version"]["version"]


def _mlmodel() -> dict[str, Any]:
    """What MLflow's loaders need to know. The file is YAML, of which JSON is a part."""

    def tensor(name: str, dtype: str, *shape: int) -> dict[str, Any]:
        return {
            "name": name,
            "type": "tensor",
            "tensor-spec": {"dtype": dtype, "shape": [-1, *shape]},
        }

    outputs = [tensor("label", "int64"), tensor("probabilities", "float32", 2)]
    return {
        "flavors": {
            "onnx": {"data": "model.onnx", "providers": ["CPUExecutionProvider"]},
            "python_function": {"data": "model.onnx", "loader_module": "mlflow.onnx"},
        },
        "signature": {
            "inputs": json.dumps([tensor("features", "float32", len(FEATURES))]),
            "outputs": json.dumps(outputs),
        },
    }

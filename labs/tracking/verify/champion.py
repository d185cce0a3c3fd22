"""Is the chosen run's model the champion, and does a client load it by that name?"""

import json
import tempfile
from pathlib import Path

import mlflow
import numpy as np
from deployments import FEATURES, surprise
from lab import MODEL, champion, choice, found, logged_model
from verdict import not_yet, run


def main() -> None:
    chosen = choice()
    version = champion()
    number = str(version["version"])
    if version.get("run_id") != chosen:
        not_yet(
            f"the champion, version {number}, is of run {str(version.get('run_id'))[:8]}, "
            f"and choice.json says {chosen[:8]}"
        )
    if version.get("status") != "READY":
        not_yet(f"version {number} is {version.get('status')}")
    if not logged_model(found(f"runs/get?run_id={chosen}", f"there is no run {chosen}")["run"]):
        not_yet(f"version {number} takes the alias, but its run has no model that is READY")
    deployment = surprise()
    row = np.array([[deployment[name] for name in FEATURES]], dtype=np.float32)
    try:
        model = mlflow.pyfunc.load_model(f"models:/{MODEL}@champion")
    except Exception as error:  # MLflow, its store and onnxruntime raise classes of their own
        not_yet(f"version {number} has no model that is READY to load: {error}"[:300])
    wanted = float(model.predict({"features": row})["probabilities"][0][1])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "surprise.json"
        file.write_text(json.dumps(deployment), "utf-8")
        said = run("python", "-m", "client.load", str(file), timeout=60)
    try:
        same = str(said["version"]) == number and abs(float(said["probability"]) - wanted) < 1e-4
    except (KeyError, TypeError, ValueError):
        same = False
    if not same:
        not_yet(f"client.load says {said} about a deployment; version {number} says {wanted:.4f}")
    print(f"version {number}")


if __name__ == "__main__":
    main()

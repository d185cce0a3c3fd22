"""Does the model server answer with the champion: its version, its file, its numbers?"""

import json
import math
import random
import sys

import mlflow
import numpy as np
from lab import MODEL, MODEL_API, ask, champion
from verdict import not_yet

sys.path.insert(0, ".")
from features import FEATURES

ROWS = 20


def json_of(path: str, body: object = None) -> dict | list:
    status, answer = ask(MODEL_API + path, body)
    try:
        document = json.loads(answer)
    except ValueError:
        document = None
    if status != 200 or document is None:
        not_yet(
            f"the model server answers {status} to {path}: "
            f"{answer[:120].decode(errors='replace')!r}"
        )
    return document


def main() -> None:
    number = str(champion()["version"])
    server = json_of("/v2")
    if not isinstance(server, dict) or server.get("name") != "<[ project_name ]>":
        not_yet("what answers is not the model server of this project")
    loaded = [
        str(entry.get("version"))
        for entry in json_of("/v2/repository/index")
        if entry.get("state") == "READY"
    ]
    if number not in loaded:
        not_yet(
            f"the model server has loaded {', '.join(loaded) or 'nothing'}; "
            f"the champion is version {number}"
        )
    # Near the calm and the risky deployment, and in between: where models differ.
    calm, risky = (
        json.loads(open(f"requests/{name}.json", encoding="utf-8").read())
        for name in ("calm", "risky")
    )
    draw = random.Random(number)
    rows = []
    for _ in range(ROWS):
        share = [draw.random() for _ in FEATURES]
        rows.append(
            [
                calm[name] + part * (risky[name] - calm[name])
                for name, part in zip(FEATURES, share, strict=True)
            ]
        )
    features = np.array(rows, dtype=np.float32)
    tensor = {
        "name": "features",
        "datatype": "FP32",
        "shape": list(features.shape),
        "data": features.ravel().tolist(),
    }
    answer = json_of(f"/v2/models/{MODEL}/infer", {"inputs": [tensor]})
    if str(answer.get("model_version")) != number:
        not_yet(f"version {answer.get('model_version')} answers; the champion is version {number}")
    served = next(
        output["data"] for output in answer["outputs"] if output["name"] == "probabilities"
    )
    wanted = mlflow.pyfunc.load_model(f"models:/{MODEL}/{number}").predict({"features": features})[
        "probabilities"
    ]
    if len(served) != wanted.size:
        not_yet(
            f"the model server answers {len(served)} numbers for {ROWS} deployments, "
            f"not {wanted.size}"
        )
    worst = max(abs(a - b) for a, b in zip(served, wanted.ravel().tolist(), strict=True))
    if not math.isfinite(worst) or worst > 1e-4:
        not_yet(f"the answers differ from the registry's version {number} by up to {worst:.4f}")
    print(f"version {number}, {ROWS} answers equal")


if __name__ == "__main__":
    main()

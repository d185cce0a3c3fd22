"""Does client/ask.py report what the server answers? About known deployments and new ones."""

import json
import sys
import tempfile
from pathlib import Path

import lab
import verdict
from deployments import FEATURES, surprise

TOLERANCE = 0.0051  # two decimals, as the step shows them, are enough
SURPRISES = 4  # what is close by chance once is not close every time


def server_says(version: str, deployment: dict[str, float]) -> tuple[bool, float]:
    tensor = {
        "name": "features",
        "datatype": "FP32",
        "shape": [1, len(FEATURES)],
        "data": [deployment[name] for name in FEATURES],
    }
    body = json.dumps({"inputs": [tensor]}).encode()
    code, answer = lab.ask(f"/v2/models/rollback/versions/{version}/infer", body)
    if code != 200:
        verdict.not_yet(
            f"the client names version {version!r}, which the server does not answer for"
        )
    outputs = {output["name"]: output["data"] for output in json.loads(answer)["outputs"]}
    return bool(outputs["label"][0]), outputs["probabilities"][1]


def examine(file: str, deployment: dict[str, float]) -> None:
    before = lab.total(lab.metrics(), "model_requests_total")
    said = verdict.run(sys.executable, "-m", "client.ask", file)
    if lab.total(lab.metrics(), "model_requests_total") <= before:
        verdict.not_yet(f"client.ask {file} answered, but it did not ask the server")
    try:
        version, probability = str(said["version"]), float(said["probability"])
        rolled_back = bool(said["rolled_back"])
    except (KeyError, TypeError, ValueError):
        verdict.not_yet(f"client.ask must print rolled_back, probability and version, not {said!r}")
    label, expected = server_says(version, deployment)
    if abs(probability - expected) > TOLERANCE or rolled_back != label:
        verdict.not_yet(
            f"about {deployment} the client says {rolled_back} and {probability:.4g}; "
            f"the server's version {version} says {label} and {expected:.4f}: the question differs"
        )


def main() -> None:
    for name in ("requests/risky.json", "requests/calm.json"):
        examine(name, verdict.read_json(name))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "surprise.json"
        for deployment in (surprise() for _ in range(SURPRISES)):
            file.write_text(json.dumps(deployment), "utf-8")
            examine(str(file), deployment)
    print(f"{2 + SURPRISES} deployments, {2 + SURPRISES} answers of the live server")


main()

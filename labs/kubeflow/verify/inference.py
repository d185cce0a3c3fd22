"""Does KServe serve the registered model: the file of a run that succeeded, its numbers?"""

import json
import math
import os
import re
import secrets
from typing import Any
from urllib.parse import quote

# Before the import: onnxruntime's Linux wheels report usage to their maker unless switched off.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime as ort
from kube import BUCKET, PIPELINE, ask, condition, forward, get, golden, kfp, objection
from submit import released
from verdict import cannot_tell, not_yet

ROWS = 20
# What does not change the model. A release may come from the cache, and then lies where it was
# made.
GATE = ("min_auc", "registry")
# Where a run's `register` puts its model.
PLACE = re.compile(rf"s3://{BUCKET}/(v2/artifacts/{PIPELINE}/([^/]+)/register/[^/]+/version)/?")


def service() -> dict[str, Any]:
    found = get("inferenceservices.serving.kserve.io", PIPELINE)
    if found is None:
        not_yet(f"there is no InferenceService {PIPELINE}")
    mode = found["metadata"].get("annotations", {}).get("serving.kserve.io/deploymentMode")
    if mode != "Standard":
        not_yet(f"its deploymentMode is {mode or 'the default, which needs Knative'}, not Standard")
    return found


def place(found: dict[str, Any]) -> tuple[str, str]:
    """The model's folder in the bucket, and the run that made it."""
    uri = found["spec"]["predictor"].get("model", {}).get("storageUri", "")
    match = PLACE.fullmatch(uri)
    if not match:
        not_yet(f"storageUri is {uri!r}: no place of a registered model")
    run = kfp(f"runs/{quote(match[2], safe='')}")
    if run is None:
        not_yet(f"storageUri names run {match[2]}, which Kubeflow Pipelines does not know")
    if run.get("state") != "SUCCEEDED":
        not_yet(f"the model is of run {match[2]}, which is {run.get('state')}")
    ir = golden()
    problem = objection(run, ir, GATE)
    if problem:
        not_yet(f"the model's {problem}")
    # The same model has to have passed the gate as it is committed.
    released(ir)
    return match[1], match[2]


def artifact(key: str) -> bytes:
    with forward("pod/seaweedfs-0", 8888) as filer:
        status, content = ask(f"{filer}/buckets/{BUCKET}/{key}/model.onnx")
    if status != 200:
        not_yet(f"the store has no {key}/model.onnx ({status})")
    return content


def main() -> None:
    found = service()
    key, run_id = place(found)
    ready = condition(found, "Ready")
    if ready.get("status") != "True":
        not_yet(
            "the InferenceService is not ready: "
            f"{ready.get('message') or ready.get('reason') or 'no reason given yet'}"
        )
    try:
        session = ort.InferenceSession(artifact(key), providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has no common class for a file that is none
        not_yet(f"the store's model cannot be loaded: {error}")

    # Other rows each time: answers cannot be prepared.
    draw = np.random.default_rng(secrets.randbits(64))
    low, high = np.array([1, 1, 0, 0, 7, 0, 0, 0]), np.array([900, 60, 4, 4, 23, 30, 2, 120])
    rows = np.floor(draw.uniform(low, high, (ROWS, len(low)))).astype(np.float32)
    wanted = session.run(["probabilities"], {"features": rows})[0].ravel()

    tensor = {
        "name": "features",
        "datatype": "FP32",
        "shape": list(rows.shape),
        "data": rows.ravel().tolist(),
    }
    with forward(f"service/{PIPELINE}-predictor", 80) as url:
        status, text = ask(
            f"{url}/v2/models/{PIPELINE}/infer", json.dumps({"inputs": [tensor]}).encode()
        )
    if status >= 500:
        cannot_tell(f"the model server answers {status}")
    try:
        answer = json.loads(text)
        served = next(
            output["data"] for output in answer["outputs"] if output["name"] == "probabilities"
        )
        numbers = np.array(served, dtype=float).ravel()
    except (ValueError, TypeError, KeyError, StopIteration):
        not_yet(
            f"it does not answer as protocol v2 wants ({status}): "
            f"{text[:120].decode(errors='replace')!r}"
        )
    if answer.get("model_name") != PIPELINE:
        not_yet(f"the model that answers is {answer.get('model_name')!r}, not {PIPELINE}")
    if numbers.size != wanted.size:
        not_yet(f"it answers {numbers.size} numbers for {ROWS} deployments, not {wanted.size}")
    worst = float(np.abs(numbers - wanted).max())
    if not math.isfinite(worst) or worst > 1e-4:
        not_yet(f"its answers differ from the model of run {run_id} by up to {worst:.4f}")
    print(f"the model of run {run_id}: {ROWS} answers equal")


if __name__ == "__main__":
    main()

"""The champion's file, through the server: store.py lose | restore | from-the-server | whole"""

import hashlib
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).parents[1] / "verify"))
from lab import API, MODEL, RUNTIME, call, champion, found, logged_model, login
from verdict import not_yet

# The file, and where it was: outside of the project, and never shown.
KEPT = Path(os.environ["MLOPS_LAB_RUN"])
COPY = KEPT / "champion.onnx"
PLACE = KEPT / "champion.json"

BUDGET_BYTES = 32768  # of the step `compare`
VALIDATION_SEED, VALIDATION_ROWS = 13, 6000
NO_WORSE = 0.001


def place() -> str:
    """Where the server keeps the champion's file: a path of its artifacts API."""
    run_id = champion()["run_id"]
    model_id = logged_model(found(f"runs/get?run_id={run_id}", f"there is no run {run_id}")["run"])
    if not model_id:
        not_yet("the champion's run has no model that is READY")
    _, answer = call(f"logged-models/{model_id}")
    uri = answer["model"]["info"]["artifact_uri"]
    return "/api/2.0/mlflow-artifacts/artifacts/" + quote(
        uri.removeprefix("mlflow-artifacts:").strip("/") + "/model.onnx"
    )


def send(method: str, path: str, content: bytes | None = None) -> bytes:
    headers = login() | (
        {"Content-Type": "application/octet-stream"} if content is not None else {}
    )
    request = urllib.request.Request(API + path, content, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()


def lose() -> None:
    path, version = place(), champion()["version"]
    content = send("GET", path)
    KEPT.mkdir(parents=True, exist_ok=True)
    COPY.write_bytes(content)
    PLACE.write_text(json.dumps({"path": path, "version": version}), "utf-8")
    send("DELETE", path)


def restore() -> None:
    """The file to where it was, and the alias to the version that had it: it may have moved."""
    if not PLACE.exists():
        return
    kept = json.loads(PLACE.read_text("utf-8"))
    send("PUT", kept["path"], COPY.read_bytes())
    status, answer = call(
        "registered-models/alias", {"name": MODEL, "alias": "champion", "version": kept["version"]}
    )
    if status != 200:
        raise SystemExit(f"error: the alias cannot be put back: {answer.get('message', answer)}")


def score(content: bytes) -> float:
    """The validation AUC of a model file, as the training measures it."""
    import onnxruntime as ort  # the project's, as what follows

    sys.path.insert(0, ".")
    from train.data import auc, make

    data = make(VALIDATION_ROWS, VALIDATION_SEED)
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    return auc(
        data.rolled_back, session.run(["probabilities"], {"features": data.features})[0][:, 1]
    )


def whole() -> None:
    """The champion's own file is back, or the alias has a model that `compare` would accept."""
    path = place()
    try:
        content = send("GET", path)
    except urllib.error.HTTPError as error:
        not_yet(f"the store has no model.onnx of the champion: {error.code}")
    lost = COPY.read_bytes()
    if json.loads(PLACE.read_text("utf-8"))["path"] == path and content != lost:
        not_yet("what lies in the champion's place is another file than the one that was lost")
    if content != lost:
        if len(content) > BUDGET_BYTES:
            not_yet(
                f"the new champion's model has {len(content)} bytes, "
                f"and the budget is {BUDGET_BYTES}"
            )
        try:
            mine, wanted = score(content), score(lost)
        except Exception as error:  # onnxruntime names no class for a file that is no model
            not_yet(f"the new champion's model cannot be scored: {error}"[:300])
        if mine < wanted - NO_WORSE:
            not_yet(
                f"the new champion's validation_auc is {mine:.4f}, "
                f"and the lost one's was {wanted:.4f}"
            )
    print(f"{len(content)} bytes")


def deployed(number: str, name: str) -> bytes:
    """A file of what the model server has loaded: in a folder here, or in its pod."""
    if RUNTIME != "kubernetes":
        return Path("models/rollback", number, name).read_bytes()
    place = [
        "deployment/<[ project_name ]>-model",
        "--",
        "cat",
        f"/release/models/rollback/{number}/{name}",
    ]
    copy = ["kubectl", "exec", *place]
    return subprocess.run(copy, capture_output=True, timeout=60, check=True).stdout


def served() -> bytes:
    """The copy that the model server answers from, checked to be the one that was deployed."""
    number = str(champion()["version"])
    content = deployed(number, "model.onnx")
    wanted = json.loads(deployed(number, "metadata.json"))["sha256"]
    if hashlib.sha256(content).hexdigest() != wanted:
        raise SystemExit("error: the served file is not the one that was deployed")
    return content


def main() -> None:
    match sys.argv[1:]:
        case ["lose"]:
            lose()
        case ["restore"]:
            restore()
        case ["from-the-server"]:
            send("PUT", place(), served())
        case ["whole"]:
            whole()
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    os.umask(0o077)
    main()

"""The champion's file in the store, through the server: artifact.py lose | restore | from-the-server | whole"""

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
from lab import API, RUNTIME, call, champion, found, logged_model, login, not_yet

# The file and where it was: ignored by git, and never shown.
COPY = Path(".mlops-lab/run/lost-artifact.onnx")
PLACE = Path(".mlops-lab/run/lost-artifact.txt")


def place() -> str:
    """Where the server keeps the champion's file: a path of its artifacts API."""
    run_id = champion()["run_id"]
    model_id = logged_model(found(f"runs/get?run_id={run_id}", f"there is no run {run_id}")["run"])
    if not model_id:
        not_yet("the champion's run has no model that is READY")
    _, answer = call(f"logged-models/{model_id}")
    uri = answer["model"]["info"]["artifact_uri"]
    return "/api/2.0/mlflow-artifacts/artifacts/" + quote(uri.removeprefix("mlflow-artifacts:").strip("/") + "/model.onnx")


def send(method: str, path: str, content: bytes | None = None) -> bytes:
    headers = login() | ({"Content-Type": "application/octet-stream"} if content is not None else {})
    request = urllib.request.Request(API + path, content, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()


def lose() -> None:
    path = place()
    content = send("GET", path)
    COPY.parent.mkdir(parents=True, exist_ok=True)
    COPY.write_bytes(content)
    PLACE.write_text(path, "utf-8")
    send("DELETE", path)


def whole() -> None:
    """The champion's file is there, and where it is the one that was lost, it is the same again."""
    path = place()
    try:
        content = send("GET", path)
    except urllib.error.HTTPError as error:
        not_yet(f"the store has no model.onnx of the champion: {error.code}")
    if PLACE.exists() and PLACE.read_text("utf-8") == path and COPY.read_bytes() != content:
        not_yet("what lies in the champion's place is another file than the one that was lost")
    print(f"{len(content)} bytes")


def deployed(number: str, name: str) -> bytes:
    """A file of what the model server has loaded: in a folder here, or in its pod."""
    if RUNTIME != "kubernetes":
        return Path("models/rollback", number, name).read_bytes()
    place = ["deployment/<[ project_name ]>-model", "--", "cat", f"/release/models/rollback/{number}/{name}"]
    return subprocess.run(["kubectl", "exec", *place], capture_output=True, check=True).stdout


def served() -> bytes:
    """The copy that the model server answers from, after it has proved to be the one that was deployed."""
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
            # To where it was: the alias may have moved to another model meanwhile.
            if PLACE.exists():
                send("PUT", PLACE.read_text("utf-8"), COPY.read_bytes())
        case ["from-the-server"]:
            send("PUT", place(), served())
        case ["whole"]:
            whole()
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    os.umask(0o077)
    main()

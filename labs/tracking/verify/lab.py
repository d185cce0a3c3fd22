"""What the checks share: the live tracking server's runs, models and champion."""

import base64
import json
import logging
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

import live
from verdict import cannot_tell, not_yet, read_json

# A progress bar would stand in the middle of the verdict.
os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
logging.getLogger("mlflow").setLevel(logging.CRITICAL)

API = os.environ.get("MLOPS_LAB_ENDPOINT_API", "http://127.0.0.1:<[ port ]>").rstrip("/")
MODEL_API = os.environ.get("MLOPS_LAB_ENDPOINT_MODEL", "http://127.0.0.1:<[ model_port ]>").rstrip(
    "/"
)
RUNTIME = os.environ.get("MLOPS_LAB_RUNTIME", "local")
MODEL = "rollback"
EXPERIMENT = "rollback"


def login() -> dict[str, str]:
    user = os.environ.get("MLFLOW_TRACKING_USERNAME", "")
    password = os.environ.get("MLFLOW_TRACKING_PASSWORD", "")
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"} if user and password else {}


def ask(url: str, body: object = None, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    """With a body it is a POST of JSON."""
    data = None if body is None else json.dumps(body).encode()
    return live.ask(url, data, {"Content-Type": "application/json"} | (headers or {}))


def call(path: str, body: object = None) -> tuple[int, dict[str, Any]]:
    """A request to MLflow's REST API: the status and the JSON."""
    status, answer = ask(f"{API}/api/2.0/mlflow/{path}", body, login())
    try:
        document = json.loads(answer)
    except ValueError:
        document = None
    if status >= 500:
        cannot_tell(f"the server answers {status}: {answer[:200].decode(errors='replace')}")
    if not isinstance(document, dict):
        not_yet(
            f"{API} does not answer as MLflow does ({status}): "
            f"{answer[:120].decode(errors='replace')!r}"
        )
    return status, document


def found(path: str, missing: str) -> dict[str, Any]:
    """The same, for something that must be there."""
    status, document = call(path)
    if status == 404:
        not_yet(missing)
    if status != 200:
        not_yet(f"{path} answers {status}: {document.get('message', document)}")
    return document


def experiment(name: str = EXPERIMENT) -> str:
    path = f"experiments/get-by-name?experiment_name={quote(name, safe='')}"
    answer = found(path, f"there is no experiment {name!r} on the server yet")
    return str(answer["experiment"]["experiment_id"])


def runs(experiment_id: str, filter_string: str) -> list[dict[str, Any]]:
    """All runs that the filter lets through, page by page."""
    every: list[dict[str, Any]] = []
    page: dict[str, object] = {}
    while True:
        body = {"experiment_ids": [experiment_id], "filter": filter_string, "max_results": 1000}
        status, answer = call("runs/search", body | page)
        if status != 200:
            not_yet(f"runs/search answers {status}: {answer.get('message', answer)}")
        every += answer.get("runs", [])
        if not answer.get("next_page_token"):
            return every
        page = {"page_token": answer["next_page_token"]}


def pairs(run: dict[str, Any], kind: str) -> dict[str, Any]:
    """The params, metrics or tags of a run, by name."""
    return {entry["key"]: entry["value"] for entry in run["data"].get(kind, [])}


def logged_model(run: dict[str, Any]) -> str:
    """The id of the whole model that a run logged; empty when it logged none, or a broken one."""
    outputs = run.get("outputs", {}).get("model_outputs", [])
    if not outputs:
        return ""
    status, answer = call(f"logged-models/{outputs[0]['model_id']}")
    ready = status == 200 and answer["model"]["info"]["status"] == "LOGGED_MODEL_READY"
    return outputs[0]["model_id"] if ready else ""


def champion() -> dict[str, Any]:
    """The registry's version behind the alias."""
    path = f"registered-models/alias?name={MODEL}&alias=champion"
    status, answer = call(path)
    # No such model is a 404, no such alias a 400.
    if status == 404 or "not found" in str(answer.get("message")):
        not_yet(f"the registry has no {MODEL}@champion")
    if status != 200:
        not_yet(f"{path} answers {status}: {answer.get('message', answer)}")
    return answer["model_version"]


def kubectl(*args: str, stdin: Path | None = None) -> str:
    """Of the lab's namespace: the tool has set the context."""
    return live.output("kubectl", *args, stdin=stdin)


def objects(kinds: str, *args: str) -> list[dict[str, Any]]:
    """Objects of the lab's namespace."""
    return json.loads(kubectl("get", kinds, *args, "--output=json"))["items"]


def choice() -> str:
    document = read_json("choice.json")
    run_id = document.get("run_id") if isinstance(document, dict) else None
    if not isinstance(run_id, str) or not run_id:
        not_yet('choice.json must name a run: {"run_id": "..."}')
    return run_id

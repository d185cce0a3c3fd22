"""What the checks on a cluster share: asking kubectl, Kubeflow Pipelines and the store, saying a verdict."""

import json
import os
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from verdict import cannot_tell, not_yet

API = os.environ.get("MLOPS_LAB_ENDPOINT_KFP", "http://127.0.0.1:<[ port ]>").rstrip("/")
PIPELINE = "rollback"
BUCKET = "mlpipeline"
IMAGE = "<[ project_name ]>-pipeline:local"


def ask(url: str, body: bytes | None = None, accept: str = "*/*") -> tuple[int, bytes]:
    """Any answer is one; without an answer the check cannot tell."""
    headers = {"Content-Type": "application/json", "Accept": accept}
    request = urllib.request.Request(url, body, headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError as error:
        cannot_tell(f"{url} cannot be reached: {getattr(error, 'reason', error)}")


def kfp(path: str) -> dict[str, Any] | None:
    """An answer of Kubeflow Pipelines; None for what it does not have."""
    status, text = ask(f"{API}/apis/v2beta1/{path}")
    if status == 404:
        return None
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if status != 200 or not isinstance(document, dict):
        cannot_tell(
            f"Kubeflow Pipelines answers {status} to {path}: {text[:120].decode(errors='replace')!r}"
        )
    return document


def kubectl(*arguments: str) -> str | None:
    """What kubectl prints; None when there is no such object, or no such kind."""
    try:
        done = subprocess.run(
            ["kubectl", *arguments], capture_output=True, text=True, timeout=60, check=False
        )
    except FileNotFoundError:
        cannot_tell("kubectl is not on PATH")
    except subprocess.TimeoutExpired:
        cannot_tell(f"kubectl {' '.join(arguments)} did not end within 60 s")
    if done.returncode == 0:
        return done.stdout
    said = done.stderr.strip()
    if "NotFound" in said:
        return None
    last = said.splitlines()[-1] if said else f"exit code {done.returncode}"
    cannot_tell(f"kubectl {' '.join(arguments[:3])}: {last}")


def get(*what: str) -> dict[str, Any] | None:
    text = kubectl("get", *what, "--output=json")
    return None if text is None else json.loads(text)


def condition(thing: dict[str, Any], name: str) -> dict[str, Any]:
    """One of an object's conditions; empty when it has not come yet."""
    every = thing.get("status", {}).get("conditions") or []
    return next((entry for entry in every if entry.get("type") == name), {})


@contextmanager
def forward(target: str, port: int) -> Iterator[str]:
    """A way to a port inside the cluster, for as long as the block runs."""
    process = subprocess.Popen(
        ["kubectl", "port-forward", "--address=127.0.0.1", target, f":{port}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        found = re.search(r"127\.0\.0\.1:(\d+) ->", said)
        if not found:
            cannot_tell(f"no way to {target}: {said.strip() or 'kubectl ended'}")
        yield f"http://127.0.0.1:{found[1]}"
    finally:
        process.terminate()
        process.wait(10)


def golden() -> dict[str, Any]:
    """The committed IR."""
    try:
        document = yaml.safe_load(Path("ir/pipeline.yaml").read_text("utf-8"))
    except FileNotFoundError:
        not_yet("ir/pipeline.yaml does not exist: finish the step `compile` first")
    except yaml.YAMLError:
        not_yet("ir/pipeline.yaml is not YAML: finish the step `compile` first")
    return document


def spec(run: dict[str, Any]) -> dict[str, Any] | None:
    """The IR that a run was made of, as the server has kept it."""
    document = run.get("pipeline_spec")
    if not document:
        reference = run.get("pipeline_version_reference", {})
        there, version = reference.get("pipeline_id"), reference.get("pipeline_version_id")
        document = (kfp(f"pipelines/{there}/versions/{version}") or {}).get("pipeline_spec")
    # With settings for Kubernetes beside it the server wraps it.
    return (document or {}).get("pipeline_spec", document)


def objection(run: dict[str, Any], ir: dict[str, Any], free: tuple[str, ...] = ()) -> str:
    """Why a run is not one of the committed pipeline, as it is but for `free`; empty when it is."""
    who = f"run {run.get('display_name') or run['run_id']}"
    if spec(run) != ir:
        return f"{who} is of another pipeline than ir/pipeline.yaml"
    given = run.get("runtime_config", {}).get("parameters") or {}
    defaults = ir["root"].get("inputDefinitions", {}).get("parameters", {})
    changed = [
        f"{name}={value}"
        for name, value in given.items()
        if name not in free and value != defaults.get(name, {}).get("defaultValue")
    ]
    if changed:
        return f"{who} was given {', '.join(sorted(changed))}"
    return ""

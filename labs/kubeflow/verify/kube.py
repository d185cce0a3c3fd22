"""What the checks on a cluster share: kubectl, Kubeflow Pipelines and the committed pipeline."""

import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import live
import yaml
from verdict import cannot_tell, not_yet

API = os.environ.get("MLOPS_LAB_ENDPOINT_KFP", "http://127.0.0.1:<[ port ]>").rstrip("/")
PIPELINE = "rollback"
BUCKET = "mlpipeline"
FORWARD_SECONDS = 30  # until kubectl has opened a port
IMAGE = "<[ project_name ]>-pipeline:local"


def ask(url: str, body: bytes | None = None) -> tuple[int, bytes]:
    return live.ask(url, body, {"Content-Type": "application/json"}, timeout=20)


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
            f"Kubeflow Pipelines answers {status} to {path}: "
            f"{text[:120].decode(errors='replace')!r}"
        )
    return document


def kubectl(*arguments: str) -> str | None:
    """What kubectl prints; None when there is no such object, or no such kind."""
    done = live.finish("kubectl", *arguments)
    if done.returncode == 0:
        return done.stdout.decode(errors="replace")
    said = done.stderr.decode(errors="replace").strip()
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
        patience = threading.Timer(FORWARD_SECONDS, process.kill)
        patience.start()
        said = process.stdout.readline()
        patience.cancel()
        found = re.search(r"127\.0\.0\.1:(\d+) ->", said)
        if not found:
            cannot_tell(f"no way to {target}: {said.strip() or 'kubectl ended'}")
        yield f"http://127.0.0.1:{found[1]}"
    finally:
        process.kill()
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

"""What kubectl is asked for: an object, and a way to a port for as long as a block runs."""

import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAME = "<[ project_name ]>"
FORWARD_SECONDS = 30  # until kubectl has opened a port


class KubeError(Exception):
    """kubectl is missing, or said no."""


def noted() -> dict[str, Any]:
    """What `mlops-lab up` noted of the cluster; nothing when the lab is not there."""
    run = os.environ.get("MLOPS_LAB_RUN")
    try:
        if run:
            return json.loads(Path(run, "cluster.json").read_text("utf-8"))
        asked = ["mlops-lab", "status", "--json"]
        done = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False)
        return json.loads(done.stdout).get("cluster") or {}
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return {}


def place() -> tuple[str, str]:
    """Context and namespace of the lab; without mlops-lab the cluster that kubectl works with."""
    record = noted()
    return record.get("context", ""), record.get("namespace", NAME)


def _argv(arguments: tuple[str, ...]) -> list[str]:
    context, namespace = place()
    meant = ["--context", context] if context else []
    return ["kubectl", *meant, "--namespace", namespace, *arguments]


def kubectl(*arguments: str, timeout: float = 60) -> str:
    try:
        done = subprocess.run(
            _argv(arguments), capture_output=True, text=True, timeout=timeout, check=False
        )
    except FileNotFoundError:
        raise KubeError("kubectl is not on PATH") from None
    except subprocess.TimeoutExpired:
        raise KubeError(f"kubectl {arguments[0]} did not end within {timeout:g} s") from None
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise KubeError(said[-1] if said else f"kubectl {arguments[0]} exited {done.returncode}")
    return done.stdout


def get(*what: str) -> dict[str, Any]:
    return json.loads(kubectl("get", *what, "--output=json"))


@contextmanager
def forward(target: str, port: int) -> Iterator[str]:
    """http://127.0.0.1:PORT, with a port that is free now; the forward ends with the block."""
    argv = _argv(("port-forward", "--address=127.0.0.1", target, f":{port}"))
    try:
        process = subprocess.Popen(
            argv,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        raise KubeError("kubectl is not on PATH") from None
    try:
        assert process.stdout is not None
        patience = threading.Timer(FORWARD_SECONDS, process.kill)
        patience.start()
        said = process.stdout.readline()
        patience.cancel()
        found = re.search(r"127\.0\.0\.1:(\d+) ->", said)
        if not found:
            raise KubeError(f"no way to {target}: {said.strip() or 'kubectl ended'}")
        yield f"http://127.0.0.1:{found[1]}"
    finally:
        process.kill()
        process.wait(10)

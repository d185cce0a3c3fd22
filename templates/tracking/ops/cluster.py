"""kubectl that means this lab, whatever your shell's context is: python -m ops.cluster ARGUMENTS

For example: python -m ops.cluster get pods
"""

import json
import os
import subprocess
import sys
from pathlib import Path

NAME = "<[ project_name ]>"


def noted() -> dict:
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


def place() -> tuple[str, str] | None:
    """Context and namespace of the lab, if it is up on a cluster."""
    record = noted()
    return (record["context"], record["namespace"]) if record.get("up") else None


def command(*words: str) -> list[str]:
    """Without mlops-lab: the namespace of the lab in the cluster that kubectl works with."""
    where = place()
    context = [f"--context={where[0]}"] if where else []
    return ["kubectl", *context, f"--namespace={where[1] if where else NAME}", *words]


def kubectl(*words: str) -> str:
    asked = command(*words)
    try:
        done = subprocess.run(asked, capture_output=True, text=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        raise SystemExit(f"error: not done after 120 s: {' '.join(asked)}") from None
    if done.returncode:
        raise SystemExit(f"{done.stderr.strip()}\nerror: this failed: {' '.join(asked)}")
    return done.stdout


def pods(part: str) -> list[str]:
    """The names of the pods of `mlflow`, `db`, ..."""
    wanted = f"--selector=app.kubernetes.io/name={NAME}-{part}"
    return kubectl("get", "pods", wanted, "--output=name").split()


if __name__ == "__main__":
    asked = command(*sys.argv[1:])
    os.execvp(asked[0], asked)  # noqa: S606

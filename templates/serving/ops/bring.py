"""Brings config/ to the pods, and waits until they see it: python -m ops.bring

Processes and containers read the folder itself; a cluster has a copy, the ConfigMap. `kubectl
apply -k` updates the copy as well, and then a pod may take a minute to look. Here its annotation
is changed, and it updates at once.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

NAME = "<[ project_name ]>"
ROUTES = Path("config/routing.json")


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


def cluster() -> tuple[str, str] | None:
    """Context and namespace of the lab, if it is up on a cluster."""
    if os.environ.get("MLOPS_LAB_RUNTIME", "kubernetes") != "kubernetes":
        return None
    record = noted()
    return (record["context"], record["namespace"]) if record.get("up") else None


def kubectl(place: tuple[str, str], *words: str, stdin: str | None = None) -> str:
    command = ["kubectl", f"--context={place[0]}", f"--namespace={place[1]}", *words]
    try:
        done = subprocess.run(
            command, input=stdin, capture_output=True, text=True, timeout=60, check=False
        )
    except subprocess.TimeoutExpired:
        raise SystemExit(f"error: not done after 60 s: {' '.join(command)}") from None
    if done.returncode != 0:
        raise SystemExit(f"error: {' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def bring(place: tuple[str, str], seconds: float = 120) -> bool:
    """True when every pod has the file that lies here."""
    name = f"{NAME}-routing"
    render = ("--dry-run=client", "--output=yaml")
    made = kubectl(place, "create", "configmap", name, f"--from-file={ROUTES}", *render)
    apply = ("apply", "--server-side", "--force-conflicts", "--field-manager=mlops-lab")
    kubectl(place, *apply, "--filename=-", stdin=made)
    pods = f"--selector=app.kubernetes.io/name={NAME}"
    stamp = f"dev.mlops-lab.routes={time.time_ns()}"
    kubectl(place, "annotate", "pods", pods, "--overwrite", stamp)
    end = time.monotonic() + seconds
    wanted = ROUTES.read_text("utf-8")
    while not is_brought(place, wanted):
        if time.monotonic() > end:
            return False
        time.sleep(0.5)
    return True


def is_brought(place: tuple[str, str], wanted: str) -> bool:
    pods = listed(place)
    # After a rollout an old pod still answers, until it has ended.
    return not any(pods.values()) and all(has(place, pod, wanted) for pod in pods)


def listed(place: tuple[str, str]) -> dict[str, bool]:
    """The pods by name, and whether each is ending."""
    selector = f"--selector=app.kubernetes.io/name={NAME}"
    pods = json.loads(kubectl(place, "get", "pods", selector, "--output=json"))["items"]
    found = [pod["metadata"] for pod in pods]
    return {it["name"]: "deletionTimestamp" in it for it in found}


def has(place: tuple[str, str], pod: str, wanted: str) -> bool:
    read = ("--container=server", "--", "cat", "/srv/config/routing.json")
    try:
        return kubectl(place, "exec", pod, *read) == wanted
    except SystemExit:
        # It is ending since it was listed, or something is wrong.
        if listed(place).get(pod) is False:
            raise
        return False


def main() -> int:
    place = cluster()
    if place is None:
        print("nothing to bring: the server reads config/ itself")
        return 0
    if not bring(place):
        print("the pods do not see the new file yet", file=sys.stderr)
        return 1
    print(f"every pod in {place[1]} has {ROUTES}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

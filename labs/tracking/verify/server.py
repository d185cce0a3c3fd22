"""Is it this project's server, and lean? In containers and pods: is only the gateway reachable?"""

import json
import os
from pathlib import Path
from urllib.parse import urlsplit

from lab import API, RUNTIME, ask, objects
from live import output
from verdict import not_yet

MOST_PROCESSES = 3
PORT = str(urlsplit(API).port)
NAME = "<[ project_name ]>"


def table() -> dict[int, tuple[int, str]]:
    """Every process of this machine: its parent and its command."""
    shown = output("ps", "-A", "-ww", "-o", "pid=,ppid=,command=")
    rows = (line.split(maxsplit=2) for line in shown.splitlines())
    return {int(row[0]): (int(row[1]), row[2]) for row in rows if len(row) == 3}


def local() -> None:
    try:
        pid = int(Path("reports/server.pid").read_text("utf-8"))
    except (OSError, ValueError):
        not_yet(
            "something answers, but ops/serve.sh did not start it (there is no reports/server.pid)"
        )
    processes = table()
    _, command = processes.get(pid, (0, ""))
    words = command.split()
    if "mlflow" not in command or "--port" not in words or words[words.index("--port") + 1] != PORT:
        not_yet(
            "something answers, but it is not the server that ops/serve.sh started "
            f"({command or 'gone'})"
        )
    family = {pid}
    while grown := {child for child, (parent, _) in processes.items() if parent in family} - family:
        family |= grown
    if len(family) > MOST_PROCESSES:
        not_yet(f"the server runs in {len(family)} processes, not in at most {MOST_PROCESSES}")
    environment = Path(f"/proc/{pid}/environ")
    if environment.exists() and b"MLFLOW_DISABLE_TELEMETRY=true" not in environment.read_bytes():
        not_yet("the server reports usage to its makers: MLFLOW_DISABLE_TELEMETRY is not true")
    print(f"{len(family)} processes")


def password() -> None:
    status, _ = ask(f"{API}/api/2.0/mlflow/experiments/search?max_results=1")
    if status != 401:
        not_yet(f"without the password the answer is {status}, not 401")


def compose() -> None:
    password()
    # Some versions print one list, others one object a line.
    text = output("docker", "compose", "--profile", "*", "ps", "--format", "json").strip()
    containers = (
        json.loads(text)
        if text.startswith("[")
        else [json.loads(line) for line in text.splitlines()]
    )
    states = {container["Service"]: container for container in containers}
    for name in ("db", "store", "mlflow", "gateway"):
        if states.get(name, {}).get("State") != "running":
            not_yet(f"the container of {name} does not run")
    for name, container in states.items():
        published = [
            port for port in container.get("Publishers") or [] if port.get("PublishedPort")
        ]
        if published and name not in ("gateway", "model"):
            not_yet(
                f"{name} is published on port {published[0]['PublishedPort']}: "
                "only the gateway may be"
            )
        if any(port.get("URL") not in ("127.0.0.1", "::1") for port in published):
            not_yet(f"{name} is published to the network, not only to this machine")
    print("only the gateway is outside")


def kubernetes() -> None:
    password()
    workloads = {
        workload["metadata"]["name"]: workload for workload in objects("deployments,statefulsets")
    }
    for name in ("db", "store", "mlflow", "gateway"):
        workload = workloads.get(f"{NAME}-{name}", {})
        if not workload.get("status", {}).get("readyReplicas"):
            not_yet(f"no pod of {name} is ready")
    for service in objects("services"):
        name, kind = service["metadata"]["name"], service["spec"]["type"]
        if kind != "ClusterIP":
            not_yet(
                f"the Service {name} is a {kind}, open to the network: "
                "only the gateway's port-forward may lead in"
            )
    for pod in objects("pods"):
        ports = [
            port
            for one in pod["spec"]["containers"]
            for port in one.get("ports", [])
            if port.get("hostPort")
        ]
        if ports or pod["spec"].get("hostNetwork"):
            not_yet(f"the pod {pod['metadata']['name']} has a port of its node")
    print("only the gateway is outside")


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C")
    {"local": local, "compose": compose, "kubernetes": kubernetes}[RUNTIME]()

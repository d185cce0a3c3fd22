"""Starts and stops the tracking server: python -m ops.server start | stop | kill | where

`start` and `stop` are for the process, `kill` is for containers and pods, too; `where` prints which
of them runs: local, compose or kubernetes.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from ops import cluster, endpoint
from track import Api, TrackError

PID = Path("reports/server.pid")  # ops/serve.sh writes it
LOG = Path("reports/server.log")
SERVE = ["sh", "ops/serve.sh"]
START_SECONDS = 120
STOP_SECONDS = 60  # the server itself takes up to 20 for the requests under way
TOOL_SECONDS = 120  # for docker, kubectl and ps


def runtime() -> str:
    """What mlops-lab sets, or else what runs now."""
    said = os.environ.get("MLOPS_LAB_RUNTIME")
    if said:
        return said
    if process():
        return "local"
    return "kubernetes" if cluster.place() else "compose"


def process() -> int | None:
    """The server's process, if it runs. Numbers are given again, so its command must fit, too."""
    try:
        pid = int(PID.read_text("utf-8"))
        os.kill(pid, 0)
    except (OSError, ValueError):
        return None
    listed = Path(f"/proc/{pid}/cmdline")
    if listed.exists():
        command = listed.read_bytes().replace(b"\0", b" ").decode(errors="replace")
    else:
        shown = ["ps", "-o", "command=", "-p", str(pid)]
        command = output(shown)
    return pid if "mlflow" in command else None


def running(group: int) -> bool:
    """Whether anything of a process group runs: a worker may outlive its parent by a moment.

    Zombies stay listed until their parent reaps them; a process is dead when its last thread is.
    """
    if not Path("/proc/self/stat").exists():
        shown = ["ps", "-A", "-o", "pgid=,stat="]
        members = [line.split() for line in output(shown).splitlines()]
        return any(int(pgid) == group and stat[0] not in "XZ" for pgid, stat in members)
    for listed in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = listed.read_text("utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        state, pgid, threads = fields[0], int(fields[2]), int(fields[17])
        if pgid == group and (state not in "XZ" or threads > 1):
            return True
    return False


def send(number: signal.Signals) -> None:
    """To the server and its worker, a group of their own; returns when nothing of it runs."""
    pid = process()
    if pid is None:
        raise SystemExit(f"error: {PID} names no server that runs")
    if os.getpgid(pid) != pid:
        raise SystemExit("error: your shell runs that server: start it with mlops-lab or make")
    os.killpg(pid, number)
    end = time.monotonic() + STOP_SECONDS
    while running(pid):
        if time.monotonic() > end:
            raise SystemExit(
                f"error: process group {pid} still runs {STOP_SECONDS} s after {number.name}"
            )
        time.sleep(0.05)


def kill(where: str) -> None:
    """Without a warning: what a power cut does, or the kernel when memory is short."""
    if where == "local":
        send(signal.SIGKILL)
    elif where == "kubernetes":
        kill_pods()
    else:
        run(["docker", "compose", "kill", "--signal", "KILL", "mlflow"])


def kill_pods() -> None:
    """First the processes, then the pods, as when a node is lost: their Deployment makes new ones.

    `delete --force` alone would ask the server to stop, which is a warning.
    """
    pods = cluster.pods("mlflow")
    for pod in pods:
        kill_all = "import os; os.kill(-1, 9)"  # all but the pod's first process, and the one here
        within = cluster.command("exec", pod, "--container=mlflow", "--", "python", "-c", kill_all)
        output(within)  # its container ends under it: the exit code means nothing
    cluster.kubectl("delete", "--force", "--grace-period=0", "--wait=false", *pods)


def restart(where: str) -> None:
    """After a kill, by the tool that runs the server."""
    lab = os.environ.get("MLOPS_LAB") or shutil.which("mlops-lab")
    if where == "kubernetes":
        pass  # the cluster itself
    elif where == "compose":
        run(["docker", "compose", "start", "mlflow"])
    elif lab and Path(".mlops-lab").is_dir():
        run([lab, "up", "--runtime", where], 2 * START_SECONDS)
    else:
        start()
    wait()


def start() -> None:
    if process():
        return
    LOG.parent.mkdir(exist_ok=True)
    with LOG.open("ab") as log:
        child = subprocess.Popen(
            SERVE, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    wait(child)


def wait(child: "subprocess.Popen[bytes] | None" = None) -> None:
    """Until the server can read its database: its /health answers OK without one."""
    server = Api.from_environment()
    end = time.monotonic() + START_SECONDS
    while server:
        try:
            server.call("GET", "experiments/search?max_results=1")
        except TrackError as error:
            problem = str(error)
        else:
            problem = ""
        # In this order: another program may answer on the port that the server could not have.
        if child and child.poll() is not None:
            raise SystemExit(LOG.read_text("utf-8", errors="replace").strip().splitlines()[-1])
        if not problem:
            return
        if time.monotonic() > end:
            raise SystemExit(f"error: not ready after {START_SECONDS} s: {problem}")
        time.sleep(0.2)


def finish(command: list[str], seconds: int) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        raise SystemExit(f"error: not done after {seconds} s: {' '.join(command)}") from None


def output(command: list[str]) -> str:
    return finish(command, TOOL_SECONDS).stdout


def run(command: list[str], seconds: int = TOOL_SECONDS) -> None:
    done = finish(command, seconds)
    if done.returncode:
        raise SystemExit(f"{done.stderr.strip()}\nerror: this failed: {' '.join(command)}")


def main() -> int:
    match sys.argv[1:]:
        case ["start"]:
            start()
            print(f"ready: {endpoint.tracking().uri}")
        case ["stop"]:
            if process():
                send(signal.SIGTERM)
        case ["kill"]:
            kill(runtime())
        case ["where"]:
            print(runtime())
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

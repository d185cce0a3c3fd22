"""A version is trained on fresh data and gets all the traffic: release.py out | back

`back` takes the version away again; the routes are put back before it runs.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

# Which version it was: outside of the project, and never shown.
RELEASED = Path(os.environ["MLOPS_LAB_RUN"], "bad-release")
REFRESH = Path(__file__).with_name("refresh.py")
RUNTIME = os.environ["MLOPS_LAB_RUNTIME"]
DEPLOYMENT = "deployment/<[ project_name ]>"
TRAIN_BOTH = "import runpy, sys; runpy.run_module('train', run_name='__main__'); exec(sys.argv[2])"


def in_the_training_environment(*verb: str) -> str:
    """Where the models are written: this machine, or the container that trains."""
    if RUNTIME == "local":
        command = [sys.executable, str(REFRESH), *verb]
    else:
        run = ["docker", "compose", "run", "--rm", "--no-deps", "--interactive=true", "-T"]
        command = [*run, "train", "python", "-", *verb]
    done = subprocess.run(
        command,
        input=REFRESH.read_text("utf-8"),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"error: {' '.join(command)}: {done.stderr.strip()[-400:]}")
    return done.stdout.strip()


def roll_out(command: list[str] | None) -> None:
    """On a cluster every pod trains its own: a release is a rollout of another command."""
    path = "/spec/template/spec/initContainers/0/command"
    patch = (
        {"op": "add", "path": path, "value": command} if command else {"op": "remove", "path": path}
    )
    kubectl = ["kubectl", "patch", DEPLOYMENT, "--type=json", f"--patch={json.dumps([patch])}"]
    if subprocess.run(kubectl, timeout=60, check=False).returncode and command:
        raise SystemExit("error: the Deployment was not changed")
    wait = ["kubectl", "rollout", "status", DEPLOYMENT, "--timeout=240s"]
    subprocess.run(wait, timeout=300, check=bool(command))


def out() -> None:
    if RUNTIME == "kubernetes":
        roll_out(["python", "-c", TRAIN_BOTH, "train", REFRESH.read_text("utf-8")])
        version = "3"
    else:
        version = in_the_training_environment("train")
        RELEASED.write_text(version, "utf-8")
    release = [sys.executable, "-m", "ops.release", f"{version}=100"]
    subprocess.run(release, timeout=180, check=True)


def back() -> None:
    if RUNTIME == "kubernetes":
        subprocess.run([sys.executable, "-m", "ops.bring"], timeout=180, check=True)
        roll_out(None)
    elif RELEASED.exists():
        in_the_training_environment("remove", RELEASED.read_text("utf-8"))
        RELEASED.unlink()


if sys.argv[1:] == ["back"]:
    back()
else:
    out()

"""The commands of `.ci/cluster`, and those by which the node starts its own parts."""

import argparse
import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import build
import console
import definitions
import host
import kills
import layout
import metrics
import node
import pack
import policies
import smoke
from api import Api
from layout import Run


def up(folder: Path, only_api: bool, only_folder: bool) -> int:
    at = Run(folder)
    with host.lock(folder):
        if is_ready(at) and (only_api or not host.read_state(at)["only_api"]):
            console.report("the cluster is already up")
        else:
            host.refuse_another(at)
            # Of a command or a cluster that was killed.
            host.stop(at)
            host.clean(at)
            # What the build starts is found by the next command if this one is killed.
            os.environ[layout.MARK] = str(at.at)
            built = build.build(folder)
            with console.phase("keys and settings"):
                host.prepare(at, built)
            host.make_cgroups()
            host.start_node(folder, only_api)
            host.wait_ready(at)
        console.report(f"context {layout.NAME}, version {version(at)}")
        pack.copy_labs(at.pack, version(at))
    if only_folder:
        print(at.at)
    else:
        print_settings(at)
    return 0


def make(folder: Path) -> int:
    at = Run(folder)
    with host.lock(folder):
        if host.first_process(at) is None:
            # Of a build that was killed.
            host.stop(at)
        os.environ[layout.MARK] = str(at.at)
        build.build(folder)
    return 0


def down(folder: Path) -> int:
    at = Run(folder)
    with host.lock(folder):
        was = host.first_process(at) is not None
        host.stop(at)
        host.clean(at)
    console.report("the cluster is down" if was else "no cluster was up")
    return 0


def status(folder: Path) -> int:
    at = Run(folder)
    state = host.read_state(at)
    if is_ready(at):
        minutes = (time.time() - state["phases"][-1][1]) / 60
        console.report(f"up for {minutes:.0f} min, version {version(at)}, context {layout.NAME}")
        print_settings(at)
        return 0
    if state["failure"]:
        console.report(f"failed: {state['failure']}")
    elif host.first_process(at):
        console.report(f"starting: {state['phases'][-1][0] if state['phases'] else 'the node'}")
    else:
        console.report("down")
    return 1


def load(folder: Path) -> int:
    first = host.first_process(Run(folder))
    if first is None:
        raise console.Failure("no cluster is up: .ci/cluster up")
    ctr = [f"{layout.ON_NODE.built}/bin/ctr", "--namespace", "k8s.io", "images", "import", "-"]
    enter = ["nsenter", "--target", str(first), "--mount", "--"]
    # Its length is the caller's affair, who writes to it.
    return subprocess.run([*enter, *ctr], check=False, stdout=subprocess.DEVNULL).returncode


def print_settings(at: Run) -> None:
    """For a shell: kubectl and mlops-lab then use the cluster."""
    settings = {
        "KUBECONFIG": at.kubeconfig,
        "MLOPS_LAB_KUBECONTEXT": layout.NAME,
        "MLOPS_LAB_LOAD": shlex.quote(str(at.load)),
        "MLOPS_LAB_TEST_CLUSTER": at.at,
    }
    for name, value in settings.items():
        print(f"export {name}={shlex.quote(str(value))}")


def is_ready(at: Run) -> bool:
    if not host.read_state(at)["ready"] or not host.first_process(at):
        return False
    try:
        return Api(at.keys).is_ready()
    except OSError:
        return False


def version(at: Run) -> str:
    return Api(at.keys).get("/version")["gitVersion"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="cluster", description="A real Kubernetes of one node.")
    verbs = parser.add_subparsers(
        dest="verb", required=True, metavar="up|build|down|status|load|smoke|kills|definitions"
    )
    starting = verbs.add_parser("up", help="start it, and build it where that was not done")
    starting.add_argument("--api", action="store_true", help="only the API server, for dry runs")
    starting.add_argument(
        "--folder", action="store_true", help="print the cluster's folder, for the tests"
    )
    verbs.add_parser("build", help="make its programs and images, where that was not done")
    verbs.add_parser("down", help="stop it and leave nothing but what was built")
    verbs.add_parser("status", help="exit code 0 when it is up, 1 when not")
    verbs.add_parser("load", help="bring a `docker save` on standard input to the node")
    probing = verbs.add_parser("smoke", help="probe what labs need of a cluster")
    probing.add_argument("image", help="one with Python that was loaded")
    verbs.add_parser("kills", help="kill it in each phase of a start: nothing may stay")
    defining = verbs.add_parser("definitions", help="print those of the kinds in tests/schemas")
    defining.add_argument("schemas", type=Path)
    inside = verbs.add_parser("node")
    inside.add_argument("folder", type=Path)
    inside.add_argument("--api", action="store_true")
    verbs.add_parser("policies")
    verbs.add_parser("metrics")
    arguments = parser.parse_args()
    if arguments.verb == "definitions":
        print(json.dumps(definitions.definitions(arguments.schemas)))
        return 0
    if os.geteuid():
        raise console.Failure("needs root")
    match arguments.verb:
        case "up":
            return up(layout.folder(), arguments.api, arguments.folder)
        case "build":
            return make(layout.folder())
        case "down":
            return down(layout.folder())
        case "status":
            return status(layout.folder())
        case "load":
            return load(layout.folder())
        case "kills":
            return kills.kills(Run(layout.folder()))
        case "smoke":
            return smoke.smoke(Run(layout.folder()), arguments.image)
        case "node":
            node.main(arguments.folder, arguments.api)
        case "policies":
            policies.serve()
        case "metrics":
            metrics.serve()
    return 1


try:
    sys.exit(main())
except console.Failure as error:
    print(f"cluster: {error}", file=sys.stderr)
    sys.exit(1)
except KeyboardInterrupt:
    sys.exit(130)

"""Uploads the compiled pipeline and runs it: python -m cluster.submit [--set min_auc=0.9]

It is ir/pipeline.yaml that goes there, the file that pipeline.run runs on this machine. The command
follows the run, and its exit code is how it ended: 0 for SUCCEEDED alone.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cluster.kfp import ENDPOINT, OVER, PIPELINE, Kfp, KfpError

IR = Path("ir/pipeline.yaml")


def parameters(pairs: list[str]) -> dict[str, Any]:
    """NAME=VALUE, each value as JSON where it is JSON, else as text."""
    given: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise SystemExit(f"error: {pair!r} is not NAME=VALUE")
        try:
            given[name] = json.loads(value)
        except ValueError:
            given[name] = value
    return given


def states(run: dict[str, Any]) -> dict[str, str]:
    """What became of each task, by its name in the IR."""
    details = run.get("run_details", {}).get("task_details", [])
    named = [task for task in details if _of_the_ir(task.get("display_name", ""))]
    named.sort(key=lambda task: task.get("create_time", ""))
    return {task["display_name"]: task.get("state", "PENDING") for task in named}


def _of_the_ir(name: str) -> bool:
    """A workflow has more nodes than the pipeline has tasks: itself, drivers, executors."""
    own = name in ("", "root", "executor") or name.startswith(f"{PIPELINE}-")
    return not own and not name.endswith("-driver")


def follow(
    kfp: Kfp,
    run_id: str,
    within: float,
    pause: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, Any]:
    """Asks until the run is over, and prints what changes."""
    end, seen = clock() + within, {}
    while True:
        run = kfp.run(run_id)
        for name, state in states(run).items():
            if seen.get(name) != state:
                print(f"{name:<24} {state}", flush=True)
                seen[name] = state
        if run.get("state") in OVER:
            return run
        if clock() >= end:
            raise KfpError(
                f"run {run_id} is {run.get('state', 'unknown')} after {within:g} s. Its pods: "
                "kubectl --namespace <[ project_name ]> get pods"
            )
        pause(2)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m cluster.submit")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", dest="pairs")
    parser.add_argument("--ir", type=Path, default=IR)
    parser.add_argument("--url", default=ENDPOINT, help="where Kubeflow Pipelines answers")
    parser.add_argument("--within", type=float, default=900, metavar="SECONDS")
    parser.add_argument("--no-wait", action="store_true", help="start the run and leave")
    options = parser.parse_args(arguments)
    given = parameters(options.pairs)
    kfp = Kfp(options.url)
    try:
        kfp.healthy()
        version = kfp.version(options.ir)
        name = f"{PIPELINE}-{datetime.now(UTC):%Y%m%dT%H%M%S}"
        run_id = kfp.start(version, given, name)
        print(f"run {run_id}", flush=True)
        if options.no_wait:
            return 0
        run = follow(kfp, run_id, options.within)
    except FileNotFoundError:
        print(f"error: {options.ir} does not exist: python -m pipeline.compile", file=sys.stderr)
        return 2
    except KfpError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{run['state']}: {name}")
    if run["state"] != "SUCCEEDED" and run.get("error", {}).get("message"):
        print(f"error: {run['error']['message']}", file=sys.stderr)
    return 0 if run["state"] == "SUCCEEDED" else 1


if __name__ == "__main__":
    sys.exit(main())

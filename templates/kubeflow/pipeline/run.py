"""Runs the compiled pipeline on this machine: python -m pipeline.run [--set min_auc=0.9]

What is run is ir/pipeline.yaml, the file that a cluster would get, and not the Python source. Each
run gets a folder below runs/ with its log, the artifacts of the tasks that were executed, and
run.json, which has the state of every task.
"""

import argparse
import hashlib
import json
import logging
import os
import shlex
import sys
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from dotenv import load_dotenv
from kfp import components, local

from pipeline.watch import watching

PYTHON = {"NUMBER_DOUBLE": float, "NUMBER_INTEGER": int, "STRING": str}
TAIL = 12  # lines of the log that a failure shows


def arguments(ir: dict[str, Any], pairs: list[str]) -> dict[str, Any]:
    """The values from the command line, each of the type that the pipeline declares."""
    declared = ir["root"].get("inputDefinitions", {}).get("parameters", {})
    values: dict[str, Any] = {}
    if "registry" in declared:
        values["registry"] = os.environ.get("MLFLOW_TRACKING_URI") or "registry"
    for pair in pairs:
        name, _, value = pair.partition("=")
        if name not in declared:
            raise SystemExit(
                f"error: the pipeline has no parameter {name!r}: {', '.join(declared)}"
            )
        try:
            values[name] = PYTHON[declared[name]["parameterType"]](value)
        except ValueError as error:
            raise SystemExit(f"error: {name}: {error}") from None
    return values


def leaves(ir: dict[str, Any], name: str) -> list[str]:
    """The tasks behind a name: itself, or those of the branch that it is."""
    branch = ir.get("components", {}).get(f"comp-{name}", {}).get("dag")
    return [leaf for inner in branch["tasks"] for leaf in leaves(ir, inner)] if branch else [name]


def run(path: Path, pairs: list[str], runs: Path) -> tuple[Path, dict[str, Any]]:
    """One run of the IR in `path`: its folder, and the record that lies there."""
    text = path.read_text("utf-8")
    ir = next(yaml.safe_load_all(text))
    values = arguments(ir, pairs)
    started = datetime.now(UTC)
    folder = runs / started.strftime("%Y%m%dT%H%M%S.%f")
    folder.mkdir(parents=True)
    tasks: dict[str, str] = {}

    def tell(name: str, state: str) -> None:
        for leaf in leaves(ir, name):
            tasks[leaf] = state
            print(f"{leaf:<12} {state}", file=sys.__stdout__, flush=True)

    # kfp writes the interpreter's path into a shell script as it is: a blank would end it.
    sys.executable = shlex.quote(sys.executable)
    local.init(
        # No environment and no pip for each task: this one has everything, as the image has.
        runner=local.SubprocessRunner(use_venv=False),
        pipeline_root=str(folder),
        raise_on_error=False,
    )
    with watching(folder / "log.txt", tell) as watch:
        try:
            components.load_component_from_text(text)(**values)
        except Exception:  # whatever it was: a run that failed has a record, too
            logging.exception("the runner gave up")
    record = {
        "ir": hashlib.sha256(text.encode()).hexdigest(),
        "pipeline": ir["pipelineInfo"]["name"],
        "arguments": values,
        "started": started.isoformat(timespec="seconds"),
        "state": "SUCCEEDED" if watch.succeeded else "FAILED",
        "tasks": tasks,
    }
    (folder / "run.json").write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    return folder, record


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m pipeline.run")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", dest="pairs")
    parser.add_argument("--ir", type=Path, default=Path("ir/pipeline.yaml"))
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    options = parser.parse_args()
    load_dotenv(".env")
    # The image's name does not contain "python", and a laptop has no limits: nothing to act on.
    warnings.filterwarnings("ignore", module="kfp.local")
    folder, record = run(options.ir, options.pairs, options.runs)
    print(f"{record['state']}: {folder}")
    if record["state"] == "SUCCEEDED":
        return 0
    print(*(folder / "log.txt").read_text("utf-8").splitlines()[-TAIL:], sep="\n", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())

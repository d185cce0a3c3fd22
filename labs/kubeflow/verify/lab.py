"""What the checks share: runs on disk, the pipeline's IR, running programs, saying a verdict."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from verdict import cannot_tell, fresh_bytecode, not_yet

try:
    import yaml
except ImportError:
    print("the lab's environment is not there: mlops-lab up", file=sys.stderr)
    sys.exit(3)

IR = Path("ir/pipeline.yaml")
RUNS = Path("runs")
IMAGE = "<[ project_name ]>-pipeline:local"
Node = dict[str, Any]


def text_of(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        not_yet(f"{path} does not exist")
    except ValueError:
        not_yet(f"{path} is no text")


def read_ir(path: Path = IR) -> Node:
    try:
        ir = next(yaml.safe_load_all(text_of(path)))
        if ir["root"]["dag"]["tasks"] and ir["deploymentSpec"]["executors"]:
            return ir
    except (yaml.YAMLError, StopIteration, KeyError, TypeError):
        pass
    not_yet(f"{path} is no compiled pipeline")


def ir_sha256() -> str:
    return hashlib.sha256(text_of(IR).encode()).hexdigest()


def defaults(ir: Node) -> Node:
    """The values of the pipeline's parameters that a run uses unless it is given others."""
    declared = ir["root"].get("inputDefinitions", {}).get("parameters", {})
    whole = {"NUMBER_INTEGER": int}
    return {
        name: whole.get(one["parameterType"], lambda value: value)(one.get("defaultValue"))
        for name, one in declared.items()
    }


class Run:
    """A folder below runs/, with its run.json."""

    def __init__(self, folder: Path, record: Node) -> None:
        self.folder = folder
        self.tasks: dict[str, str] = record["tasks"]
        self.arguments: Node = record["arguments"]
        self.succeeded = record["state"] == "SUCCEEDED"
        self.current = record["ir"] == ir_sha256()

    def output(self, task: str) -> Node | None:
        """What the task wrote at its end, if it was executed in this run."""
        for path in self.folder.glob(f"*/{task}/executor_output.json"):
            try:
                return json.loads(path.read_text("utf-8"))
            except ValueError:
                not_yet(f"{path} is not JSON")
        return None

    def given(self, task: str) -> Node:
        """The inputs of the task, as it logs them."""
        log = text_of(self.folder / "log.txt")
        for block in re.finditer(r"Got executor_input:\n(    \{\n.*?\n    \})\n", log, re.DOTALL):
            try:
                given = json.loads(block[1])
            except ValueError:
                continue
            if f"/{task}/" in given["outputs"]["outputFile"]:
                return given["inputs"]
        not_yet(f"the log of {self.folder} does not have the inputs of the task {task}")


def runs() -> list[Run]:
    """All runs that left a record, the newest first."""
    found = []
    for path in sorted(RUNS.glob("*/run.json"), reverse=True):
        try:
            found.append(Run(path.parent, json.loads(path.read_text("utf-8"))))
        except (ValueError, KeyError, TypeError):
            not_yet(f"{path} is not what python -m pipeline.run writes")
    return found


def auc(rolled_back: Any, probability: Any) -> float:
    """How often a deployment that was rolled back is rated riskier than one that was not."""
    import numpy as np

    calm = np.sort(probability[rolled_back == 0])
    risky = probability[rolled_back == 1]
    below = np.searchsorted(calm, risky, "left")
    equal = np.searchsorted(calm, risky, "right") - below
    return float((below + equal / 2).sum() / (len(calm) * len(risky)))


def copy_project(target: Path, *, made: bool = False) -> Path:
    """A copy to experiment with: what the learner has stays as it is.

    With `made` everything comes along that runs have made, a cache wherever it lies; else only what
    git keeps of the code.
    """
    left = {".venv", ".git", ".mlops-lab"} | (set() if made else {"runs", "registry"})

    def skip(folder: str, names: list[str]) -> set[str]:
        top = left if Path(folder) == Path() else set()
        return {name for name in names if name in top or name == "__pycache__"}

    return Path(shutil.copytree(Path(), target, ignore=skip, symlinks=True, dirs_exist_ok=True))


def clean_environment() -> dict[str, str]:
    """No server of the learner's gets what an experiment does."""
    gone = ("MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")
    return {name: value for name, value in os.environ.items() if name not in gone}


def run(
    *argv: str, cwd: Path | None = None, timeout: float = 90, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a program of the learner's."""
    try:
        with fresh_bytecode(cwd or Path()):
            done = subprocess.run(
                [sys.executable, *argv],
                cwd=cwd,
                env=env or clean_environment(),
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
    except subprocess.TimeoutExpired:
        not_yet(f"python {' '.join(argv[:2])} did not end within {timeout:g} s")
    if "No module named 'kfp'" in done.stderr:
        cannot_tell("the lab's environment is not there: mlops-lab up")
    return done


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return lines[-1] if lines else "no output"

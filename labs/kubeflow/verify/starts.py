"""Does the first task of the committed pipeline run to its end under kfp's local runner?"""

import tempfile
from pathlib import Path

import lab
import verdict
import yaml

DRIVER = """
import shlex, sys, warnings
warnings.filterwarnings("ignore")
sys.executable = shlex.quote(sys.executable)
from kfp import components, local
runner = local.SubprocessRunner(use_venv=False)
local.init(runner=runner, pipeline_root=sys.argv[2], raise_on_error=False)
components.load_component_from_file(sys.argv[1])(rows=40)
"""


def first_task() -> str:
    """The committed IR, cut down to the task that everything else waits for."""
    ir = lab.read_ir()
    try:
        task = ir["root"]["dag"]["tasks"]["ingest"]
        name = task["componentRef"]["name"]
        label = ir["components"][name]["executorLabel"]
        ir["root"]["dag"] = {"tasks": {"ingest": task}}
        ir["components"] = {name: ir["components"][name]}
        ir["deploymentSpec"]["executors"] = {label: ir["deploymentSpec"]["executors"][label]}
    except KeyError as error:
        verdict.not_yet(f"{lab.IR} has no task ingest: {error} is missing")
    return yaml.safe_dump(ir)


with tempfile.TemporaryDirectory() as scratch:
    project = lab.copy_project(Path(scratch))
    file = project / "first.yaml"
    file.write_text(first_task(), "utf-8")
    done = lab.run("-c", DRIVER, str(file), str(project / "out"), cwd=project, timeout=120)
    # Not the status: what the task wrote.
    if not list(project.glob("out/*/ingest/executor_output.json")):
        said = [
            line.strip()
            for line in done.stdout.splitlines()
            if line.startswith("    ") and line.strip()
        ]
        verdict.not_yet(
            f"the first task fails, and all that it says is {said[-1] if said else 'nothing'!r}"
        )
print("the first task runs")

"""Does the checker find each kind of breakage, in any pipeline, and let sound ones pass?"""

import copy
import importlib.util
import tempfile
from collections.abc import Callable
from pathlib import Path

import lab
import verdict
import yaml

HERE = Path(__file__).parent
BROKEN = Path("ir/broken.yaml")
PARTS = {f"comp-{name}" for name in ("ingest", "train", "evaluate", "register", "reject")}
# A pipeline that this project has not: loops, nested pipelines with outputs, an exit handler.
NESTED = HERE / "nested.yaml"
Node = lab.Node
Plant = Callable[[Node], object]


def task(ir: Node, name: str, dag: str = "root") -> Node:
    graph = ir["root"] if dag == "root" else ir["components"][dag]
    return graph["dag"]["tasks"][name]


def given(ir: Node, kind: str, dag: str, name: str, key: str) -> Node:
    return task(ir, name, dag)["inputs"][kind][key]


def output(ir: Node, way: str, key: str, kind: str, *where: str) -> None:
    """The reference leads to an output that the producer does not have."""
    field = "outputParameterKey" if way == "taskOutputParameter" else "outputArtifactKey"
    given(ir, kind, *where)[way][field] = key


PARAMETER, ARTIFACT = "taskOutputParameter", "taskOutputArtifact"
EXIT = "comp-exit-handler-1"
BRANCHES = "comp-condition-branches-1"


# What is planted, in which pipeline, and the word that the report must have.
OWN: list[tuple[str, str, Plant]] = [
    (
        "a parameter that the producer does not give",
        "zqx",
        lambda ir: output(
            ir,
            PARAMETER,
            "zqx",
            "parameters",
            "root",
            "condition-branches-1",
            "pipelinechannel--evaluate-auc",
        ),
    ),
    (
        "an artifact of another task than the producer",
        "model",
        lambda ir: output(ir, ARTIFACT, "model", "artifacts", "root", "evaluate", "holdout"),
    ),
    (
        "a parameter where the producer has an artifact of that name",
        "metrics",
        lambda ir: output(
            ir,
            PARAMETER,
            "metrics",
            "parameters",
            "root",
            "condition-branches-1",
            "pipelinechannel--evaluate-auc",
        ),
    ),
    (
        "a component that does not exist",
        "comp-zqx",
        lambda ir: task(ir, "train")["componentRef"].update(name="comp-zqx"),
    ),
    (
        "an executor that does not exist",
        "exec-zqx",
        lambda ir: ir["components"]["comp-train"].update(executorLabel="exec-zqx"),
    ),
    (
        "a producer that does not exist",
        "zqx",
        lambda ir: given(ir, "artifacts", "root", "train", "training")[ARTIFACT].update(
            producerTask="zqx"
        ),
    ),
    (
        "a task waited for that does not exist",
        "zqx",
        lambda ir: task(ir, "train")["dependentTasks"].append("zqx"),
    ),
    (
        "a producer that is not waited for",
        "train",
        lambda ir: task(ir, "evaluate").update(dependentTasks=["ingest"]),
    ),
    (
        "an input that the DAG around it does not have",
        "zqx",
        lambda ir: given(ir, "parameters", "root", "train", "trees").update(
            componentInputParameter="zqx"
        ),
    ),
    (
        "an input that the component does not take",
        "zqx",
        lambda ir: task(ir, "train")["inputs"]["parameters"].update(
            zqx={"componentInputParameter": "trees"}
        ),
    ),
    (
        "an input that nobody gives",
        "depth",
        lambda ir: task(ir, "train")["inputs"]["parameters"].pop("depth"),
    ),
    (
        "an orphan component",
        "comp-zqx",
        lambda ir: ir["components"].update(
            {"comp-zqx": copy.deepcopy(ir["components"]["comp-train"])}
        ),
    ),
    (
        "an orphan executor",
        "exec-zqx",
        lambda ir: ir["deploymentSpec"]["executors"].update({"exec-zqx": {}}),
    ),
    ("a cycle", "ingest", lambda ir: task(ir, "ingest").update(dependentTasks=["evaluate"])),
    (
        "a condition on something that the task does not get",
        "zqx",
        lambda ir: task(ir, "condition-2", BRANCHES)["triggerPolicy"].update(
            condition="inputs.parameter_values['pipelinechannel--zqx'] > 1"
        ),
    ),
]
OTHER: list[tuple[str, str, Plant]] = [
    (
        "an artifact that a loop does not give",
        "zqx",
        lambda ir: output(ir, ARTIFACT, "zqx", "artifacts", EXIT, "glue", "sheets"),
    ),
    (
        "a parameter that a nested pipeline does not give",
        "zqx",
        lambda ir: output(ir, PARAMETER, "zqx", "parameters", EXIT, "grade", "weight"),
    ),
    (
        "an artifact where the producer has a parameter of that name",
        "Output",
        lambda ir: output(ir, ARTIFACT, "Output", "artifacts", EXIT, "scale", "book"),
    ),
    (
        "an output of a nested pipeline that no task gives",
        "zqx",
        lambda ir: ir["components"]["comp-scale"]["dag"]["outputs"]["parameters"]["weight"][
            "valueFromParameter"
        ].update(outputParameterKey="zqx"),
    ),
    (
        "an output of one branch that no task gives",
        "zqx",
        lambda ir: ir["components"][BRANCHES]["dag"]["outputs"]["parameters"][
            "pipelinechannel--condition-branches-1-oneof-1"
        ]["valueFromOneof"]["parameterSelectors"][1].update(producerSubtask="zqx"),
    ),
    (
        "a pipeline that contains itself",
        "comp-scale",
        lambda ir: ir["components"]["comp-scale"]["dag"]["tasks"]["weigh"]["componentRef"].update(
            name="comp-scale"
        ),
    ),
]


def checked(files: list[Path]) -> tuple[int, dict[str, list[str]]]:
    """The learner's checker: its exit code, and what it prints about each file."""
    done = lab.run("-m", "pipeline.check_ir", *map(str, files))
    if done.returncode not in (0, 1) or "Traceback" in done.stderr:
        verdict.not_yet(f"pipeline/check_ir.py fails: {lab.last_line(done)}")
    lines = done.stdout.splitlines()
    return done.returncode, {
        file.name: [line.removeprefix(f"{file}:") for line in lines if line.startswith(f"{file}:")]
        for file in files
    }


def solved() -> Callable[[Node], list[str]]:
    """A checker of our own."""
    path = HERE.parent / "solution/graph/pipeline/check_ir.py"
    spec = importlib.util.spec_from_file_location("solved", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.problems


def main() -> None:
    known = {"own": lab.read_ir(), "nested": yaml.safe_load(NESTED.read_text("utf-8"))}
    problems = solved()
    if problems(known["own"]):
        verdict.not_yet(f"{lab.IR} is itself broken: {problems(known['own'])[0]}")
    with tempfile.TemporaryDirectory() as scratch:
        sound: list[Path] = []
        for name, ir in known.items():
            sound.append(Path(scratch) / f"sound-{name}.yaml")
            sound[-1].write_text(yaml.safe_dump(ir), "utf-8")
        code, said = checked(sound)
        if code:
            wrong = next(
                lines[0].strip() for lines in said.values() if lines and "sound" not in lines[0]
            )
            verdict.not_yet(f"the checker complains about a pipeline that is sound: {wrong}")

        planted: dict[str, tuple[str, str]] = {}
        files: list[Path] = []
        for name, plants in (("own", OWN), ("nested", OTHER)):
            for number, (what, word, plant) in enumerate(plants):
                ir = copy.deepcopy(known[name])
                try:
                    plant(ir)
                except KeyError:  # a gate that was built in another way has no such place
                    continue
                files.append(Path(scratch) / f"{name}-{number}.yaml")
                files[-1].write_text(yaml.safe_dump(ir), "utf-8")
                planted[files[-1].name] = (what, word)
        _, said = checked(files)
        for file, (what, word) in planted.items():
            if not any(word in line for line in said[file]) or said[file] == [" sound"]:
                verdict.not_yet(f"the checker does not find {what}, or does not name it")
        if checked(files[:1])[0] != 1:
            verdict.not_yet(
                "the checker finds a breakage, and exits with 0: no pipeline of CI would stop"
            )

    left = problems(lab.read_ir(BROKEN))
    if left:
        verdict.not_yet(f"{BROKEN} is still broken: {left[0]}")
    lost = PARTS - set(lab.read_ir(BROKEN)["components"])
    if lost:
        verdict.not_yet(f"{BROKEN} has lost a part of the pipeline: {', '.join(sorted(lost))}")
    print(f"{len(planted)} planted breakages found, 2 sound pipelines passed")


main()

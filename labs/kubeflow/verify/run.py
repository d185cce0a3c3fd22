"""Is there a run of the committed IR whose metrics are those of its model on its holdout?"""

import hashlib
import os
import sys
from pathlib import Path
from typing import Any

import lab
import verdict

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # this check must be silent itself
try:
    import numpy as np
    import onnxruntime as ort
except ImportError as error:
    verdict.cannot_tell(f"the lab's environment is not there ({error}): mlops-lab up")

sys.path.insert(0, ".")
LOW, HIGH = 0.75, 0.9  # an honest model of this data is in between


def newest() -> lab.Run:
    """The newest successful run of the IR as it is now."""
    known = lab.runs()
    if not known:
        verdict.not_yet("there is no run yet: python -m pipeline.run")
    for run in known:
        if run.current and run.succeeded:
            return run
    if any(run.succeeded for run in known):
        verdict.not_yet(f"no successful run is one of {lab.IR} as it is now: run it again")
    verdict.not_yet(f"no run has succeeded yet; the newest is {known[0].folder}, see its log.txt")


def executed(task: str, newest: lab.Run) -> tuple[lab.Run, dict[str, Any]]:
    """The run in which the task's outputs were made: this one, or where the cache has them from."""
    for run in lab.runs():
        if run.folder <= newest.folder and (output := run.output(task)) is not None:
            return run, output
        if run.folder == newest.folder and run.tasks.get(task) != "cached":
            break
    verdict.not_yet(f"{newest.folder} has no outputs of the task {task}")


def table(uri: str) -> np.ndarray:
    if not Path(uri).is_file():
        verdict.not_yet(f"the artifact {uri} does not exist")
    return np.loadtxt(uri, np.float32, delimiter=",", skiprows=1)


def source(given: dict[str, Any], name: str) -> str:
    return given["artifacts"][name]["artifacts"][0]["uri"]


def main() -> None:
    run = newest()
    made, output = executed("evaluate", run)
    given = made.given("evaluate")
    try:
        model, holdout = source(given, "model"), source(given, "holdout")
        reported = output["artifacts"]["metrics"]["artifacts"][0]["metadata"]
        said, rows = float(reported["auc"]), int(reported["rows"])
    except (KeyError, IndexError, TypeError, ValueError):
        verdict.not_yet(f"the task evaluate of {made.folder} left no metrics auc and rows")

    aside = table(holdout)
    training = table(str(Path(holdout).with_name("training")))
    from train.data import make

    values = lab.defaults(lab.read_ir()) | run.arguments
    data = make(values["rows"], values["seed"])
    everything = np.column_stack([data.features, data.rolled_back])
    if sorted(np.vstack([training, aside]).tolist()) != sorted(everything.tolist()):
        verdict.not_yet(f"training and holdout of {made.folder} are not what this run should fetch")
    if len(aside) != len(everything) // 4 or rows != len(aside):
        verdict.not_yet(f"the model was not judged by the quarter that was put aside: {rows} rows")

    if not Path(model).is_file():
        verdict.not_yet(f"the artifact {model} does not exist")
    try:
        session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
        answers = session.run(["probabilities"], {"features": aside[:, :-1]})[0][:, 1]
    except Exception as error:  # onnxruntime has many
        verdict.not_yet(f"{model} is no model of this problem: {error}")
    measured = lab.auc(aside[:, -1], answers)
    if abs(measured - said) > 0.001:
        verdict.not_yet(
            f"the metrics say AUC {said}, and the model has {measured:.4f} on the holdout"
        )
    if not LOW <= measured <= HIGH:
        verdict.not_yet(
            f"an AUC of {measured:.4f} is outside {LOW} to {HIGH}: too bad, or too good"
        )

    if run.tasks.get("register") in ("executed", "cached"):
        _, version = executed("register", run)
        known = version["artifacts"]["version"]["artifacts"][0]["metadata"].get("sha256")
        if known != hashlib.sha256(Path(model).read_bytes()).hexdigest():
            verdict.not_yet(
                "the version that was registered is another model than the one evaluated"
            )
    print(f"AUC {measured:.4f} on {len(aside)} deployments, as in {made.folder}")


main()

"""Has the gate taken the other branch, and does it take the right one on either side?"""

import json
import random
import tempfile
from pathlib import Path

import lab
import verdict

# The learner's pipeline under kfp's runner alone, once for each threshold.
DRIVER = """
import json, shlex, sys, warnings
from pathlib import Path
warnings.filterwarnings("ignore")
sys.executable = shlex.quote(sys.executable)
from kfp import components, local
ir, cache, out, every = sys.argv[1], sys.argv[2], Path(sys.argv[3]), json.loads(sys.argv[4])
for number, values in enumerate(every):
    local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root=str(out / str(number)),
               raise_on_error=False, enable_caching=True, cache_root=cache)
    components.load_component_from_file(ir)(**values)
"""


def chosen() -> tuple[lab.Run, float]:
    """A run that took the other branch, and the AUC that made it do so."""
    known = [run for run in lab.runs() if run.current]
    if not known:
        verdict.not_yet(f"there is no run of {lab.IR} as it is now")
    for run in known:
        done = ("executed", "cached")
        if run.tasks.get("evaluate") in done and run.tasks.get("reject") in done:
            if run.tasks.get("register") != "skipped":
                verdict.not_yet(f"{run.folder} took both branches")
            return run, score(run)
    silent = [
        run for run in known if {run.tasks.get("register"), run.tasks.get("reject")} == {"skipped"}
    ]
    if silent:
        verdict.not_yet(
            f"{silent[0].folder} took neither branch: register and reject were both skipped"
        )
    verdict.not_yet("in no run the gate took the branch reject")


def score(rejected: lab.Run) -> float:
    """What the evaluation of that run said, wherever the cache has it from."""
    for run in lab.runs():
        output = run.output("evaluate") if run.folder <= rejected.folder else None
        if output:
            return float(output["parameterValues"]["auc"])
    verdict.not_yet(f"{rejected.folder} has no outputs of the task evaluate")


def branches(run: lab.Run, thresholds: list[float]) -> list[list[str]]:
    """Which of the two tasks is executed at each threshold."""
    with tempfile.TemporaryDirectory() as scratch:
        project = lab.copy_project(Path(scratch))
        # Its entries lead to the learner's artifacts, which are read and not written.
        cache = project / "cache"
        cache.mkdir()
        for entry in lab.RUNS.glob(".cache/*.json"):
            (cache / entry.name).write_bytes(entry.read_bytes())
        every = [
            run.arguments | {"min_auc": value, "registry": str(project / f"registry{number}")}
            for number, value in enumerate(thresholds)
        ]
        out = project / "out"
        done = lab.run(
            "-c", DRIVER, str(lab.IR), str(cache), str(out), json.dumps(every), cwd=project
        )
        if done.returncode:
            verdict.not_yet(f"the pipeline does not run: {lab.last_line(done)}")
        return [
            [
                task
                for task in ("register", "reject")
                if list(out.glob(f"{number}/*/{task}/executor_output.json"))
            ]
            for number in range(len(thresholds))
        ]


def main() -> None:
    run, auc = chosen()
    margin = random.uniform(0.002, 0.01)
    below, above = round(auc - margin, 6), round(auc + margin, 6)
    for value, wanted, seen in zip(
        (below, above), ("register", "reject"), branches(run, [below, above]), strict=True
    ):
        if seen != [wanted]:
            shown = " and ".join(seen) or "neither branch"
            verdict.not_yet(
                f"with an AUC of {auc} and min_auc={value} it should be {wanted}, and it is {shown}"
            )
    print(f"{run.folder}: an AUC of {auc} was not enough, and there is no release")


main()

"""Did the last run execute nothing, because nothing had changed?"""

import random
import string
import tempfile
from pathlib import Path

import lab
import verdict

TINY = Path(__file__).with_name("tiny.yaml")


def executed(folder: Path) -> list[str]:
    """The tasks that wrote their outputs below this folder."""
    return sorted(path.parent.name for path in folder.glob("**/executor_output.json"))


def newest(folder: Path) -> Path:
    """The folder of the newest run."""
    found = sorted(path.parent for path in folder.glob("*/run.json"))
    if not found:
        verdict.not_yet("python -m pipeline.run --runs FOLDER leaves no FOLDER/*/run.json")
    return found[-1]


def last_run() -> lab.Run:
    known = lab.runs()
    if not known:
        verdict.not_yet("there is no run yet: python -m pipeline.run, twice")
    run = known[0]
    if not run.current:
        verdict.not_yet(f"the newest run is not one of {lab.IR} as it is now: run it again")
    busy = [task for task, state in run.tasks.items() if state not in ("cached", "skipped")]
    if busy or executed(run.folder):
        shown = ", ".join(busy or executed(run.folder))
        verdict.not_yet(f"the newest run did not take everything from the cache: {shown}")
    if not run.succeeded or not {"ingest", "train", "evaluate"} <= set(run.tasks):
        verdict.not_yet(f"{run.folder} is no run of the whole pipeline")
    return run


def again(run: lab.Run) -> None:
    """The same run once more, in a copy of the project: it must find everything in the cache."""
    with tempfile.TemporaryDirectory() as scratch:
        project = lab.copy_project(Path(scratch), made=True)
        before = executed(project / "runs")
        pairs = [
            part for name, value in run.arguments.items() for part in ("--set", f"{name}={value}")
        ]
        done = lab.run("-m", "pipeline.run", *pairs, cwd=project)
        if done.returncode:
            verdict.not_yet(f"the same run, once more, fails: {lab.last_line(done)}")
        after = executed(project / "runs")
        if before != after:
            verdict.not_yet(f"the same run, once more, executes {len(after) - len(before)} tasks")


def elsewhere() -> None:
    """A pipeline that the runner has never seen, and that counts: executed once, and not again."""
    word = "".join(random.choices(string.ascii_lowercase, k=12))
    with tempfile.TemporaryDirectory() as scratch:
        project = lab.copy_project(Path(scratch))
        tally = project / "tally.txt"
        for times in ("first", "second"):
            pairs = ["--set", f"word={word}", "--set", f"tally={tally}"]
            files = ["--ir", str(TINY.resolve()), "--runs", str(project / "other")]
            done = lab.run("-m", "pipeline.run", *files, *pairs, cwd=project)
            lines = tally.read_text("utf-8").split() if tally.exists() else []
            if done.returncode or lines != [word, word[::-1]]:
                verdict.not_yet(
                    f"another pipeline of two tasks, run for the {times} time: {len(lines)} tasks "
                    f"have been executed in all, it should be 2 ({lab.last_line(done)})"
                )


last = last_run()
again(last)
elsewhere()
print(f"{last.folder} executed nothing")

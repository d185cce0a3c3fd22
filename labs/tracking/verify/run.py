"""Is there a finished run that names the commit of this project that it was made from?"""

import re
from datetime import UTC, datetime

from lab import call, experiment, logged_model, pairs, runs
from live import finish
from verdict import not_yet

CODE = ("train", "ops", "track")
PARAMS = {"algorithm", "rows", "trees", "depth"}
OF_THE_SEARCH = ("search", "candidate")
METRICS = {"training_auc", "validation_auc"}


def git(*args: str) -> str | None:
    done = finish("git", *args)
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else None


def training(revision: str) -> list[str]:
    """What `python -m train` is made of in a commit: packages, and modules of the root."""
    lines = git("grep", "-h", "-E", r"^[[:space:]]*(import|from) ", revision, "--", "train") or ""
    names = re.findall(r"^\s*(?:import|from)\s+(\w+)", lines, re.MULTILINE)
    return [*CODE, *(f"{name}.py" for name in names), *names]


def problem(run: dict) -> str:
    """Why this run does not count; empty when it does."""
    revision = pairs(run, "tags").get("git_revision", "")
    if not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", revision):
        return f"its tag git_revision is {revision!r}, not the full name of a commit"
    if git("cat-file", "-t", revision) != "commit":
        return f"this repository has no commit {revision[:12]}"
    if git("grep", "--quiet", "git_revision", revision, "--", *training(revision)) is None:
        return f"the code of commit {revision[:12]} records no git_revision: it is not what was run"
    made, began = (
        int(git("show", "-s", "--format=%ct", revision) or 0),
        int(run["info"]["start_time"]),
    )
    if began // 1000 < made:
        return f"it began before its commit was made ({datetime.fromtimestamp(made, UTC):%H:%M:%S})"
    if missing := PARAMS - pairs(run, "params").keys():
        return f"it lacks the parameters {', '.join(sorted(missing))}"
    if missing := METRICS - pairs(run, "metrics").keys():
        return f"it lacks the metrics {', '.join(sorted(missing))}"
    if not logged_model(run):
        return "it has no model that is READY"
    _, listed = call(f"artifacts/list?run_id={run['info']['run_id']}")
    if "report.json" not in [file["path"] for file in listed.get("files", [])]:
        return "it has no artifact report.json"
    return ""


def main() -> None:
    top = git("rev-parse", "--show-toplevel")
    if top is None:
        not_yet("this project is in no git repository yet")
    if git("rev-parse", "--verify", "HEAD") is None:
        not_yet("the repository has no commit yet")
    if not git("ls-tree", "HEAD", "--", "train/"):
        not_yet(f"the repository {top} has no commit with this project in it")
    number = experiment()
    ended = runs(number, "attributes.status = 'FINISHED'")
    finished = [run for run in ended if pairs(run, "tags").get("purpose") not in OF_THE_SEARCH]
    if not finished:
        not_yet("no run of python -m train has finished yet")
    tagged = [run for run in finished if "git_revision" in pairs(run, "tags")]
    if not tagged:
        not_yet(
            f"{len(finished)} runs of python -m train have finished, none with the tag git_revision"
        )
    problems = [(run["info"]["run_id"], problem(run)) for run in tagged]
    good = [run_id for run_id, why in problems if not why]
    if not good:
        run_id, why = problems[0]
        not_yet(f"run {run_id[:8]}: {why}")
    print(f"run {good[0]}")


if __name__ == "__main__":
    main()

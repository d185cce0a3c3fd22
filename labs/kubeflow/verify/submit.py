"""Has the committed pipeline run on the cluster: SUCCEEDED, registered, other branch SKIPPED?

With --latest only the latest run counts.
"""

import sys
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from kube import PIPELINE, get, golden, kfp, objection
from verdict import not_yet

LOOK = 20  # runs, the newest first
# Argo's object of a run is deleted after a day.
KEPT = timedelta(hours=20)


def branches(ir: dict[str, Any]) -> tuple[str, str]:
    """The names of the two conditional parts: the one that registers, and the other."""
    found: dict[str, str] = {}
    for component in [ir["root"], *ir.get("components", {}).values()]:
        for name, task in component.get("dag", {}).get("tasks", {}).items():
            if "condition" not in task.get("triggerPolicy", {}):
                continue
            inside = ir["components"][task["componentRef"]["name"]]["dag"]["tasks"]
            found |= dict.fromkeys(inside, name)
    if not {"register", "reject"} <= set(found):
        not_yet(
            "ir/pipeline.yaml has no branches with `register` and `reject`: "
            "finish the step `gate` first"
        )
    return found["register"], found["reject"]


def course(run: dict[str, Any]) -> dict[str, str]:
    details = run.get("run_details", {}).get("task_details", [])
    return {task.get("display_name", ""): task.get("state", "") for task in details}


def wrong(run: dict[str, Any], ir: dict[str, Any]) -> str:
    """What this run lacks; empty when it is the one."""
    who = f"run {run.get('display_name') or run['run_id']}"
    if run.get("state") != "SUCCEEDED":
        return f"{who} is {run.get('state') or 'not started yet'}"
    problem = objection(run, ir)
    if problem:
        return problem
    states = course(run)
    chosen, other = branches(ir)
    for name in ("ingest", "train", "evaluate", chosen, "register"):
        if states.get(name) != "SUCCEEDED":
            return f"{who}: {name} is {states.get(name) or 'not there'}, not SUCCEEDED"
    if states.get(other) != "SKIPPED":
        state = states.get(other) or "not there"
        return f"{who}: {other}, the branch with `reject`, is {state}, not SKIPPED"
    if "reject" in states:
        return f"{who}: `reject` is {states['reject']}, and should not have been reached"
    ended = datetime.fromisoformat(run.get("finished_at", "1970-01-01T00:00:00Z"))
    if datetime.now(UTC) - ended < KEPT:
        listed = get("workflows.argoproj.io", f"--selector=pipeline/runid={run['run_id']}") or {}
        phases = [item.get("status", {}).get("phase") for item in listed.get("items", [])]
        if "Succeeded" not in phases:
            return f"{who}: no Workflow in the cluster has done it"
    return ""


def released(ir: dict[str, Any], latest: bool = False) -> str:
    """The name of a run that is all that the step asks for; without one the check ends here."""
    # Not our runs, when others share the server: their pipelines have other names.
    query = urlencode({"page_size": LOOK, "sort_by": "created_at desc"})
    listed = (kfp(f"runs?{query}") or {}).get("runs", [])
    ours = [run for run in listed if run.get("display_name", "").startswith(PIPELINE)]
    if not ours:
        not_yet("there is no run on the cluster yet")
    if latest:
        ours = ours[:1]
    problems = []
    for run in ours:
        whole = kfp(f"runs/{quote(run['run_id'], safe='')}")
        if whole is None:
            continue
        problem = wrong(whole, ir)
        if not problem:
            return str(whole["display_name"])
        problems.append(problem)
    not_yet(problems[0] if problems else "the run is gone")


def main() -> None:
    print(f"run {released(golden(), '--latest' in sys.argv)}: registered, the other branch skipped")


if __name__ == "__main__":
    main()

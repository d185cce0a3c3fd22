"""Was the server killed under load, and is everything there that a client saw acknowledged?"""

import json
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from lab import RUNTIME, experiment, objects, pairs, runs
from live import output
from verdict import cannot_tell, not_yet, read_json

LEAST_RUNS = 200
CLIENTS = 8
LEAST_GAP_SECONDS = 1.0  # no server is back sooner
LEAST_EACH_SIDE = 20  # runs that ended before the kill, and after the restart
# How much longer a dead server is silent than the usual pause between two ends.
LEAST_QUIET = 5


def started() -> float:
    """When the server that runs now was started, in Unix seconds."""
    if RUNTIME == "local":
        try:
            return Path("reports/server.pid").stat().st_mtime
        except OSError:
            not_yet(
                "ops/serve.sh did not start the server that runs (there is no reports/server.pid)"
            )
    if RUNTIME == "kubernetes":
        pods = objects("pods", "--selector=app.kubernetes.io/name=<[ project_name ]>-mlflow")
        states = [state for pod in pods for state in pod["status"].get("containerStatuses", [])]
        began = [
            state["state"]["running"]["startedAt"]
            for state in states
            if "running" in state["state"]
        ]
        if not began:
            cannot_tell("no pod of the server runs")
        return min(
            datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() for text in began
        )
    name = output("docker", "compose", "ps", "--quiet", "mlflow").strip()
    # 2026-11-25T05:01:14.082638146Z: nine digits are three too many for Python 3.11.
    text = output("docker", "inspect", "--format", "{{.State.StartedAt}}", name).strip().rstrip("Z")
    return datetime.fromisoformat(text[:26] + "+00:00").timestamp()


def silent(ends: list[float], killed: float, back: float) -> bool:
    """Whether no run ended for most of that time, and for much longer than at any other.

    On a slow machine only a few runs end each second.
    """
    pauses = sorted(later - earlier for earlier, later in pairwise(sorted(ends)))
    usual = pauses[len(pauses) * 95 // 100]
    marks = [killed, *sorted(end for end in ends if killed < end < back), back]
    quiet = max(later - earlier for earlier, later in pairwise(marks))
    return quiet >= max(LEAST_GAP_SECONDS, LEAST_QUIET * usual, (back - killed) / 2)


def main() -> None:
    report = read_json("reports/ledger.json")
    try:
        entries, killed, back = report["entries"], float(report["killed"]), float(report["back"])
        finished = [entry for entry in entries if entry["finished"] > 0]
    except (KeyError, TypeError, ValueError):
        not_yet("reports/ledger.json is not what python -m ops.ledger writes")
    if report.get("runtime") != RUNTIME:
        not_yet(
            f"the report is of the runtime {report.get('runtime')}, and the lab runs on {RUNTIME}"
        )
    if len(finished) < LEAST_RUNS:
        not_yet(f"{len(finished)} runs were acknowledged to their end, fewer than {LEAST_RUNS}")
    if started() < killed - 1:
        not_yet("the server that runs now is older than the kill in the report")
    live = {
        run["info"]["run_id"]: run
        for run in runs(experiment("ledger"), f"tags.ledger = '{report['ledger']}'")
    }
    lost = []
    for entry in entries:
        run = live.get(entry["run_id"])
        metrics = pairs(run, "metrics") if run else {}
        ended = not entry["finished"] or (run and run["info"]["status"] == "FINISHED")
        if (
            not run
            or not ended
            or any(metrics.get(name) != value for name, value in entry["metrics"].items())
        ):
            lost.append(entry["run_id"])
    if lost:
        not_yet(
            f"{len(lost)} of {len(entries)} runs are not on the server as they were acknowledged: "
            f"{lost[0]}"
        )
    # The server's own word for when: what a client wrote down is the client's.
    ends = [int(live[entry["run_id"]]["info"]["end_time"]) / 1000 for entry in finished]
    clients = max(CLIENTS, int(report.get("clients") or 0))
    during = sum(killed < end < back for end in ends)
    # A request of each client may have waited in the gateway, and one more may follow before `back`
    # is written down.
    if back - killed < LEAST_GAP_SECONDS or during > 2 * clients or not silent(ends, killed, back):
        not_yet(
            f"{during} runs ended between the kill and the restart, {back - killed:.1f} s: "
            "nothing was killed then"
        )
    before, after = sum(end < killed for end in ends), sum(end > back for end in ends)
    if before < LEAST_EACH_SIDE or after < LEAST_EACH_SIDE:
        not_yet(
            f"{before} runs ended before the kill and {after} after the restart: "
            "the kill was not in the middle"
        )
    print(json.dumps({"runs": len(finished), "before": before, "after": after, "lost": 0}))


if __name__ == "__main__":
    main()

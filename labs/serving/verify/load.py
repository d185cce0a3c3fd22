"""Is reports/load.json the record of a run against this server, and capacity.json its limit?"""

import lab
import levels
import verdict

REPORT = "reports/load.json"
ENOUGH = 0.9  # of the best rate: beyond that, more callers only wait longer


def examine_server(report: dict, live: lab.Series) -> None:
    """The server's own counters are the witness."""
    record = report.get("server")
    before, after, started = (
        levels.number(record, key, REPORT)
        for key in ("requests_before", "requests_after", "started")
    )
    claimed = sum(levels.number(level, "requests", REPORT) for level in report["levels"])
    if after - before < claimed:
        verdict.not_yet(
            f"reports/load.json claims {claimed:g} predictions, "
            f"the server counted {after - before:g} during that time"
        )
    if abs(lab.total(live, "server_start_time_seconds") - started) > 0.01:
        verdict.cannot_tell(
            "the server was restarted after the report was made, so its counters can no longer "
            "bear witness: run python -m ops.load again"
        )
    if (counted := lab.total(live, "model_requests_total")) < after:
        verdict.not_yet(
            f"reports/load.json claims {after:g} predictions, the server counts {counted:g}"
        )


def examine_limit(measured: list[dict]) -> None:
    best = max(level["per_second"] for level in measured)
    knee = next(level for level in measured if level["per_second"] >= ENOUGH * best)
    stated = verdict.read_json("capacity.json")
    callers, rate = (stated.get(key) for key in ("callers", "requests_per_second"))
    if not isinstance(callers, int | float) or not isinstance(rate, int | float):
        verdict.not_yet("capacity.json: callers and requests_per_second are not filled in")
    if callers != knee["concurrency"]:
        verdict.not_yet(
            f"capacity.json: {callers:g} callers are not the limit that the table shows"
        )
    if abs(rate - knee["per_second"]) > 0.05 * knee["per_second"]:
        verdict.not_yet(
            f"capacity.json: {rate:g} per second is not the rate at {callers:g} callers"
        )


live = lab.metrics()
report = verdict.read_json(REPORT)
measured = levels.examine(report, REPORT)
examine_server(report, live)
examine_limit(measured)
print("the report is sound, and capacity.json states its limit")

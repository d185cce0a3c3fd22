"""Is reports/load.json the record of a run against this server, and capacity.json its limit?"""

import lab
import verdict

ENOUGH = 0.9  # of the best rate: beyond that, more callers only wait longer


def number(record: object, key: str) -> float:
    value = record.get(key) if isinstance(record, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        verdict.not_yet(f"reports/load.json: {key} is {value!r}, not a number")
    return value


def examine_levels(levels: object) -> None:
    if not isinstance(levels, list) or len(levels) < 4:
        verdict.not_yet("reports/load.json: fewer than four levels of concurrency were measured")
    callers = [number(level, "concurrency") for level in levels]
    if callers != sorted(set(callers)) or callers[-1] < 8 * callers[0]:
        verdict.not_yet(
            f"reports/load.json: the concurrency must rise at least eightfold: {callers}"
        )
    for level in levels:
        n, where = (
            number(level, "concurrency"),
            f"reports/load.json, {level['concurrency']} callers",
        )
        rate = number(level, "requests") / max(number(level, "seconds"), 1e-9)
        if abs(number(level, "per_second") - rate) > 0.02 * rate + 1:
            verdict.not_yet(
                f"{where}: {level['per_second']} per second do not follow from its counts"
            )
        if not 0 < number(level, "p50_ms") <= number(level, "p95_ms") <= number(level, "p99_ms"):
            verdict.not_yet(f"{where}: p50, p95 and p99 are not in order")
        # Little's law: n callers that wait mean_ms for each answer cannot ask more often than this.
        if rate * number(level, "mean_ms") / 1000 > 1.1 * n + 0.5:
            verdict.not_yet(
                f"{where}: {rate:.0f} per second at {level['mean_ms']} ms need more callers"
            )
        if number(level, "errors") > 0.01 * number(level, "requests"):
            verdict.not_yet(f"{where}: {level['errors']} errors: a broken run proves nothing")


def examine_server(report: dict, live: lab.Series) -> None:
    """The server's own counters are the witness."""
    record = report.get("server")
    before, after = number(record, "requests_before"), number(record, "requests_after")
    claimed = sum(number(level, "requests") for level in report["levels"])
    if after - before < claimed:
        verdict.not_yet(
            f"reports/load.json claims {claimed:g} predictions, "
            f"the server counted {after - before:g} during that time"
        )
    if abs(lab.total(live, "server_start_time_seconds") - number(record, "started")) > 0.01:
        verdict.cannot_tell(
            "the server was restarted after the report was made, so its counters can no longer "
            "bear witness: run python -m ops.load again"
        )
    if (counted := lab.total(live, "model_requests_total")) < after:
        verdict.not_yet(
            f"reports/load.json claims {after:g} predictions, the server counts {counted:g}"
        )


def examine_limit(levels: list[dict]) -> None:
    best = max(level["per_second"] for level in levels)
    knee = next(level for level in levels if level["per_second"] >= ENOUGH * best)
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
report = verdict.read_json("reports/load.json")
if not isinstance(report, dict):
    verdict.not_yet("reports/load.json is not an object")
examine_levels(report.get("levels"))
examine_server(report, live)
examine_limit(report["levels"])
print("the report is sound, and capacity.json states its limit")

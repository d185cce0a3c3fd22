"""Is a table of load levels the record of a real measurement, or do its numbers contradict?"""

from typing import Any

import verdict


def number(record: object, key: str, file: str) -> float:
    value = record.get(key) if isinstance(record, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        verdict.not_yet(f"{file}: {key} is {value!r}, not a number")
    return value


def examine(report: Any, file: str) -> list[dict[str, Any]]:
    """The levels of a report; the check ends here where they cannot be right."""
    levels = report.get("levels") if isinstance(report, dict) else None
    if not isinstance(levels, list) or len(levels) < 4:
        verdict.not_yet(f"{file}: fewer than four levels of concurrency were measured")
    callers = [number(level, "concurrency", file) for level in levels]
    if callers != sorted(set(callers)) or callers[-1] < 8 * callers[0]:
        verdict.not_yet(f"{file}: the concurrency must rise at least eightfold: {callers}")
    for level in levels:
        examine_level(level, f"{file}, {level['concurrency']} callers")
    return levels


def examine_level(level: dict[str, Any], where: str) -> None:
    mean, requests = number(level, "mean_ms", where), number(level, "requests", where)
    rate = requests / max(number(level, "seconds", where), 1e-9)
    if abs(number(level, "per_second", where) - rate) > 0.02 * rate + 1:
        verdict.not_yet(f"{where}: {level['per_second']} per second do not follow from its counts")
    p50, p95, p99 = (number(level, name, where) for name in ("p50_ms", "p95_ms", "p99_ms"))
    if not 0 < p50 <= p95 <= p99:
        verdict.not_yet(f"{where}: p50, p95 and p99 are not in order")
    # Little's law: n callers that wait mean_ms for each answer cannot call more often than this.
    if rate * mean / 1000 > 1.1 * level["concurrency"] + 0.5:
        verdict.not_yet(f"{where}: {rate:.0f} per second at {mean} ms need more callers")
    if number(level, "errors", where) > 0.01 * requests:
        verdict.not_yet(f"{where}: {level['errors']} errors: a broken run proves nothing")

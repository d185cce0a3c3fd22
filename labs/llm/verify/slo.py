"""Is reports/load.json what a reader would have seen, and slo.json the capacity that follows?"""

import random
import time
from typing import Any

import lab
import verdict

REPORT = "reports/load.json"
OBJECTIVE = {"ttft_p95_ms": 2500, "itl_p95_ms": 100}
ROOM = 20  # the machine may be much busier now than it was during the run, or less


def number(record: Any, key: str) -> float:
    value = record.get(key) if isinstance(record, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        verdict.not_yet(f"{REPORT}: {key} is {value!r}, not a number")
    return value


def examine_levels(report: Any) -> list[dict[str, Any]]:
    levels = report.get("levels") if isinstance(report, dict) else None
    if not isinstance(levels, list) or len(levels) < 3:
        verdict.not_yet(f"{REPORT}: fewer than three levels of callers were measured")
    callers = [number(level, "callers") for level in levels]
    if callers != sorted(set(callers)) or callers[0] != 1 or callers[-1] < 8:
        verdict.not_yet(f"{REPORT}: the callers must rise from 1 to 8 at least: {callers}")
    for level in levels:
        number(level, "ttft_p95_ms"), number(level, "itl_p95_ms")
        if number(level, "broken"):
            verdict.not_yet(f"{REPORT}: {level['broken']} streams broke: measure again")
        if number(level, "streams") < level["callers"]:
            verdict.not_yet(f"{REPORT}: {level['streams']} streams of {level['callers']} callers")
    return levels


def examine_witness(report: dict[str, Any], levels: list[dict[str, Any]]) -> None:
    """The server counted, too: tokens that were written, and prompts that were not in its cache."""
    live = lab.counters()
    before, after = report.get("before"), report.get("after")
    started = number(after, "front_start_time_seconds")
    if lab.total(live, "front_start_time_seconds") != started:
        verdict.cannot_tell(
            "the server was restarted after the report was made, so its counters can no longer "
            "bear witness: run python -m ops.load again"
        )
    for key, claim in (("llamacpp:tokens_predicted_total", "tokens"),):
        claimed = sum(number(level, claim) for level in levels)
        counted = number(after, key) - number(before, key)
        if counted < 0.95 * claimed or lab.total(live, key) < number(after, key):
            verdict.not_yet(f"{REPORT} claims {claimed:g} tokens, the server counted {counted:g}")
    claimed = sum(number(level, "prompt_tokens") for level in levels)
    key = "llamacpp:prompt_tokens_total"
    computed = number(after, key) - number(before, key)
    if computed < 0.6 * claimed:
        verdict.not_yet(
            f"cached prompts: of {claimed:g} prompt tokens the server computed {computed:g}; "
            "what real callers send is new to it"
        )


def examine_sum(levels: list[dict[str, Any]]) -> None:
    """One stream after the other: what they took together is waiting and writing, on any day."""
    streams, tokens = number(levels[0], "streams"), number(levels[0], "tokens")
    writing = (tokens - streams) * number(levels[0], "itl_p95_ms")
    waited = (1000 * number(levels[0], "seconds") - writing) / streams
    claimed = number(levels[0], "ttft_p95_ms")
    if claimed < waited / 4:  # one long pause between tokens is part of the sum, too
        verdict.not_yet(
            f"with one caller the report says {claimed:g} ms to the first token, and the streams "
            f"took so long that a reader waits about {waited:.0f} ms for the first text"
        )


def examine_first_token(levels: list[dict[str, Any]]) -> None:
    """One stream of our own, as long as theirs, measured by its first text."""
    size = number(levels[0], "prompt_tokens") / max(number(levels[0], "streams"), 1)
    text = f"{random.random()} " + "deploy " * max(int(size) - 40, 8)
    began, first = time.monotonic(), None
    for data in lab.stream(lab.prompt(text, max_tokens=2)):
        if '"content":"' in data and first is None:
            first = 1000 * (time.monotonic() - began)
    if first is None:
        verdict.not_yet("a stream of this check had no text")
    claimed = number(levels[0], "ttft_p95_ms")
    if not first / ROOM <= claimed <= first * ROOM:
        verdict.not_yet(
            f"with one caller the report says {claimed:g} ms to the first token; a reader waits "
            f"{first:.0f} ms for the first text"
        )


def examine_capacity(levels: list[dict[str, Any]]) -> None:
    stated = verdict.read_json("slo.json")
    if {key: stated.get(key) for key in OBJECTIVE} != OBJECTIVE:
        verdict.not_yet(f"slo.json: the objective is given: {OBJECTIVE}")
    within = 0
    for level in levels:
        if any(level[key] > most for key, most in OBJECTIVE.items()):
            break
        within = level["callers"]
    callers = stated.get("callers")
    if callers is None:
        verdict.not_yet("slo.json: callers is not filled in")
    if callers != within:
        verdict.not_yet(f"slo.json: {callers} callers are not what the table shows")


def main() -> None:
    report = verdict.read_json(REPORT)
    levels = examine_levels(report)
    examine_witness(report, levels)
    examine_sum(levels)
    examine_first_token(levels)
    examine_capacity(levels)
    print("the report shows what readers wait for, and slo.json the callers within the objective")


main()

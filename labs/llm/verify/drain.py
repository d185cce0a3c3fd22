"""Did a restart in the middle of answers cut none, and is the server that runs now set to do so?"""

import lab
import verdict

report = verdict.read_json("reports/drain.json")
live = lab.counters()
try:
    streams, whole, under_way = (int(report[key]) for key in ("streams", "whole", "under_way"))
    started = float(report["server_started"])
    drain, tokens = float(report["drain_seconds"]), list(report["tokens"])
    errors = report["errors"]
except (KeyError, TypeError, ValueError) as error:
    verdict.not_yet(f"reports/drain.json is not what ops/drain.py writes: {error!r}")

if drain <= 0:
    verdict.not_yet(
        f"drain 0: the server was not set to drain, and {streams - whole} of {streams} answers "
        "were cut"
    )
if whole < streams:
    verdict.not_yet(f"{streams - whole} of {streams} answers were cut: {errors}")
if streams < 4 or under_way < 4 or min(tokens, default=0) < 50:
    verdict.not_yet(f"no load: {under_way} of {streams} answers were under way, {tokens} tokens")
running_since = lab.total(live, "front_start_time_seconds")
if running_since == started:
    verdict.not_yet("not restarted: the server that runs now is the one before the experiment")
if (now := lab.total(live, "front_drain_seconds")) < drain:
    verdict.not_yet(
        f"drain {now:g}: the experiment shows that {drain:g} s are enough, and the server that "
        f"runs now takes {now:g} s"
    )
print(f"{whole} answers ended whole across a restart; the server that runs now drains, too")

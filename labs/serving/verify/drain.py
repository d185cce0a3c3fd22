"""Did a stop under load lose nothing, and is the server that runs now set to do so again?"""

import lab
import verdict

report = verdict.read_json("reports/drain.json")
live = lab.metrics()
try:
    lost, answered, callers = (float(report[key]) for key in ("lost", "answered", "callers"))
    started, finished = float(report["server_started"]), float(report["finished"])
    drained, stopped = float(report["drain_seconds"]), report["stopped"] is True
    warned = float(report["saw_not_ready"])
except (KeyError, TypeError, ValueError) as error:
    verdict.not_yet(f"reports/drain.json is not what ops/drain.py writes: {error!r}")

if drained <= 0:
    verdict.not_yet(
        f"drain 0: the stopped server was not set to drain, and {lost:g} requests were lost"
    )
if not stopped:
    verdict.not_yet("still up: after the command of the experiment the server still answered")
if not warned:
    verdict.not_yet(
        f"no warning: the server went away without saying not ready, {lost:g} were lost"
    )
if lost:
    verdict.not_yet(f"{lost:g} of {lost + answered:g} requests were lost: {report.get('reasons')}")
if warned < callers:
    verdict.not_yet(
        f"{callers - warned:g} of {callers:g} callers were not warned before the server went"
    )
if callers < 8 or answered < 100:
    verdict.not_yet(f"no load: {callers:g} callers got {answered:g} answers before the stop")

running_since = lab.total(live, "server_start_time_seconds")
if running_since == started or running_since < finished - 2:
    verdict.not_yet("not restarted: the server that runs now is older than the experiment")
now = lab.total(live, "server_drain_seconds")
if now < drained:
    verdict.not_yet(
        f"drain {now:g}: the experiment shows that {drained:g} s are enough, and the server that "
        f"runs now takes {now:g} s"
    )
print(f"{answered:g} answered, none lost; the server that runs now will drain, too")

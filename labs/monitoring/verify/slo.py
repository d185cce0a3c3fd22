"""Do the two recording rules say what the promise says, on days that nobody has seen?"""

import math
import random

import lab
import verdict

ERRORS, SLOW = "model:errors:ratio_rate1m", "model:slow:ratio_rate1m"
CODES = ("200", "400", "404", "413", "500", "503")
BUCKETS = ("0.005", "0.01", "0.025", "0.05", "0.1", "+Inf")


def requests(codes: tuple[str, ...]) -> tuple[lab.Series, float]:
    """Counters by version and code, and the part of them that is the server's fault."""
    each = {(v, code): random.randint(1, 60) for v in ("1", "2") for code in codes}
    labels = 'job="model", instance="a", model="rollback"'
    series = {
        f'model_requests_total{{{labels}, version="{version}", code="{code}"}}': f"0+{n}x120"
        for (version, code), n in each.items()
    }
    bad = sum(n for (_, code), n in each.items() if code.startswith("5"))
    return series, bad / sum(each.values())


def durations() -> tuple[lab.Series, float]:
    """A histogram, and the part of it above 25 ms."""
    labels = 'job="model", instance="a", model="rollback", version="1"'
    name, total, series, fast = "model_request_duration_seconds", 0, {}, 0
    for le in BUCKETS:
        total += random.randint(1, 40)
        series[f'{name}_bucket{{{labels}, le="{le}"}}'] = f"0+{total}x120"
        fast = total if le == "0.025" else fast
    series[f"{name}_count{{{labels}}}"] = f"0+{total}x120"
    series[f"{name}_sum{{{labels}}}"] = f"0+{total * random.uniform(0.01, 0.09):.3f}x120"
    return series, 1 - fast / total


def day(name: str, rule: str, series: lab.Series, expected: float) -> lab.Day:
    near = f"abs(sum({rule}) - {expected:.6f}) < 0.001 and count({rule}) == 1"
    otherwise = f"{rule} is not one series with {expected:.4f} on {name}"
    return lab.Day(series, [lab.holds(near, 100)], otherwise)


FILES = lab.check_rules()
lab.judge(
    FILES,
    [
        day("a day with errors of callers and of the server", ERRORS, *requests(CODES)),
        day("a day on which only callers made mistakes", ERRORS, *requests(CODES[:4])),
        day("a day without any error", ERRORS, *requests(CODES[:1])),
        day("a day with slow answers", SLOW, *durations()),
    ],
)
lab.in_force(ERRORS, SLOW)
for rule in (ERRORS, SLOW):
    found = lab.until(lambda rule=rule: lab.query(f"{rule} >= 0"), 10)
    if not found or math.isnan(found[0]["value"]):
        verdict.not_yet(f"{rule} has no value in the live Prometheus")
print("both indicators are right on planted days, and live")

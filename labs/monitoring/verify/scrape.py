"""Does Prometheus scrape the model server, and would somebody hear when it does not?"""

import re

import lab
import verdict

ALERT, PAGE = "ModelNotScraped", {"severity": "page"}
INTERVAL = 2.0  # seconds: what the windows of the later steps need


def target() -> dict:
    found = lab.get(lab.PROMETHEUS, "/api/v1/targets?state=active")["data"]["activeTargets"]
    return next((one for one in found if one["labels"].get("job") == "model"), {})


def seconds(text: str) -> float:
    return float(text[:-2]) / 1000 if text.endswith("ms") else float(text.rstrip("s"))


def is_configured() -> bool:
    """Prometheus looks for targets every few seconds: only if it has such a job we wait for it."""
    found = lab.get(lab.PROMETHEUS, "/api/v1/status/config")["data"]["yaml"]
    return re.search(r"(?m)^- job_name: model$", found) is not None


FILES = lab.check_rules()
if not is_configured():
    verdict.not_yet("the configuration in force has no job `model`")
found = lab.until(lambda: target() if target().get("health") == "up" else {}, 15) or target()
if not found:
    verdict.not_yet("the job `model` has no target")
every = found["scrapeInterval"]
if "m" in every.removesuffix("ms") or seconds(every) > INTERVAL:
    verdict.not_yet(f"the model server is scraped every {every}, not each second")
if found["health"] != "up":
    verdict.not_yet(
        f"the target of the job `model` is {found['health']}: {found['lastError']}"[:300]
    )
if not lab.until(lambda: lab.query('model_requests_total{job="model"}'), 5):
    verdict.not_yet("what is scraped as `model` has no model_requests_total")
lab.in_force(ALERT, kind="alerting")
up, other = 'up{job="model", instance="a"}', 'up{job="quality", instance="b"}'
there = {other: "1x90"}
half = "half a minute"
days = [
    ("the server is scraped", there | {up: "1x90"}, 55, {}),
    ("one scrape in a minute fails", there | {up: "1x30 0 1x50"}, 31, {}),
    (f"it does not answer since {half}", there | {up: "1x30 0x60"}, 61, PAGE),
    (f"nobody knows the target since {half}", there | {up: "1x30 stale"}, 61, PAGE),
    ("the job was never there", there, 60, PAGE),
]
lab.judge(FILES, [lab.day(ALERT, *day, **labels) for *day, labels in days])
print("the model server is scraped, and its absence is an alert")

"""Does Prometheus scrape the model server, and would somebody hear when it does not?"""

import lab
import verdict

INTERVAL = 2.0  # seconds: what the windows of the later steps need


def target() -> dict:
    found = lab.get(lab.PROMETHEUS, "/api/v1/targets?state=active")["data"]["activeTargets"]
    return next((one for one in found if one["labels"].get("job") == "model"), {})


def seconds(text: str) -> float:
    return float(text[:-2]) / 1000 if text.endswith("ms") else float(text.rstrip("s"))


def fires(name: str, series: lab.Series, at: str, expected: bool) -> None:
    """An alert's labels are the learner's, so its own series is asked."""
    found = lab.holds('ALERTS{alertname="ModelNotScraped", alertstate="firing"}', at)
    if not expected:
        found = {"expr": found["expr"].replace("> bool 0", ""), "eval_time": at}
    _, test = lab.case(name, series, promql_expr_test=[found])
    if not lab.is_held(test, FILES):
        verdict.not_yet(f"the alert ModelNotScraped {'does not fire' if expected else 'fires'}: {name}")


FILES = lab.check_rules()
found = lab.until(lambda: target() if target().get("health") == "up" else {}, 5) or target()
if not found:
    verdict.not_yet("the job `model` has no target")
if found["health"] != "up":
    verdict.not_yet(f"the target of the job `model` is {found['health']}: {found['lastError']}"[:300])
every = found["scrapeInterval"]
if "m" in every.removesuffix("ms") or seconds(every) > INTERVAL:
    verdict.not_yet(f"the model server is scraped every {every}, not each second")
if not lab.until(lambda: lab.query('model_requests_total{job="model"}'), 5):
    verdict.not_yet("what is scraped as `model` has no model_requests_total")
lab.in_force("ModelNotScraped", kind="alert")
up = 'up{job="model", instance="a"}'
other = 'up{job="quality", instance="b"}'
fires("the server is scraped", {up: "1x60", other: "1x60"}, "55s", False)
fires("one scrape in a minute fails", {up: "1x30 0 1x30", other: "1x60"}, "31s", False)
fires("it does not answer since 30 seconds", {up: "1x30 0x60", other: "1x90"}, "60s", True)
fires("nobody knows the target since 30 seconds", {up: "1x30 stale", other: "1x90"}, "60s", True)
fires("the job was never there", {other: "1x90"}, "60s", True)
print("the model server is scraped, and its absence is an alert")

"""Do the alerts fire when the budget burns, and only then? And would the learner's tests see it?"""

from pathlib import Path
from typing import Any

import lab
import verdict
import yaml

TESTS = Path("tests/rules/burn.yml")
PAGE, TICKET = "ModelErrorsPage", "ModelErrorsTicket"
SEVERITY = {PAGE: "page", TICKET: "ticket"}
GOOD = (120, 0, "503")
LABELS = 'job="model", instance="a", model="rollback", version="1"'


def day(*parts: tuple[int, float, str]) -> lab.Series:
    """Seconds, errors in a hundred requests, and their status: one part after the other."""
    counts = {"200": 0.0, "400": 0.0, "503": 0.0}
    values: dict[str, list[str]] = {code: [] for code in counts}
    for seconds, bad, status in parts:
        rates = {code: 0.0 for code in counts} | {"200": 100 - bad, status: bad}
        for code, rate in rates.items():
            values[code].append(f"{counts[code]:g}+{rate:g}x{seconds - 1}")
            counts[code] += rate * seconds
    return {
        f'model_requests_total{{{LABELS}, code="{code}"}}': " ".join(found)
        for code, found in values.items()
    }


def days() -> list[lab.Day]:
    """What happened until which second, and whether there is a page and a ticket then."""
    last = day(GOOD, (30, 100, "503"), GOOD)
    known = [
        ("no request has failed", day(GOOD), 110, {PAGE: False, TICKET: False}),
        ("0.5 % fail, as the promise allows", day((100, 0.5, "503")), 95, {PAGE: False}),
        ("a third is malformed, and refused", day(GOOD, (60, 33, "400")), 170, {PAGE: False}),
        ("an outage of 3 seconds", day(GOOD, (3, 100, "503"), GOOD), 124, {PAGE: False}),
        ("3 % fail", day((100, 3, "503")), 95, {PAGE: False, TICKET: False}),
        ("every request fails since 20 seconds", day(GOOD, (60, 100, "503")), 140, {PAGE: True}),
        ("an outage of 30 seconds, over since 10", last, 161, {PAGE: False}),
        ("9 % fail", day((100, 9, "503")), 95, {PAGE: False, TICKET: True}),
        ("9 % failed, and none since 45 s", day((100, 9, "503"), GOOD), 145, {TICKET: False}),
    ]
    return [
        lab.day(alert, name, series, at, **({"severity": SEVERITY[alert]} if it else {}))
        for name, series, at, expected in known
        for alert, it in expected.items()
    ]


def mutants() -> dict[str, dict[str, str]]:
    """The learner's rules with alerts that always fire, and with alerts that never do."""
    found = {}
    for name, expression in {"always fire": "vector(1)", "never fire": "vector(0) > 1"}.items():
        files = {}
        for file, text in FILES.items():
            document = yaml.safe_load(text) or {}
            for group in document.get("groups") or []:
                for rule in group["rules"]:
                    if rule.get("alert") in SEVERITY:
                        rule |= {"expr": expression}
                        rule.pop("for", None)
            files[file] = yaml.safe_dump(document)
        found[name] = files
    return found


def learners_tests() -> dict[str, Any]:
    try:
        found = yaml.safe_load(TESTS.read_text("utf-8"))
    except (OSError, yaml.YAMLError) as error:
        verdict.not_yet(f"{TESTS}: {error}".replace("\n", " ")[:200])
    if not isinstance(found, dict) or not found.get("tests"):
        verdict.not_yet(f"{TESTS} has no tests")
    return found


def passes(tests: dict[str, Any], files: dict[str, str]) -> bool:
    whole = yaml.safe_dump(tests | {"rule_files": list(files)})
    code, _ = lab.promtool("test", "rules", "tests.yml", files=files | {"tests.yml": whole})
    return code == 0


FILES = lab.check_rules()
lab.judge(FILES, days())
TEST = learners_tests()
if not passes(TEST, FILES):
    verdict.not_yet(f"promtool test rules {TESTS}: your own tests fail")
for name, files in mutants().items():
    if passes(TEST, files):
        verdict.not_yet(f"your tests in {TESTS} also pass with alerts that {name}")
lab.in_force(PAGE, TICKET, kind="alerting")
print("the alerts fire when the budget burns, and your tests would see it if they did not")

"""What the checks share: Prometheus' answers, and promtool on the learner's rules."""

import io
import json
import os
import re
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import live
import yaml
from verdict import cannot_tell, not_yet

RUNTIME = os.environ.get("MLOPS_LAB_RUNTIME", "local")
RULES = Path("config/rules")
PATIENCE = 150  # seconds: promtool takes one, on a machine that has time for it


def url(endpoint: str, port: str) -> str:
    told = os.environ.get(f"MLOPS_LAB_ENDPOINT_{endpoint}", f"http://127.0.0.1:{port}")
    return told.rstrip("/")


API = url("API", "<[ port ]>")
PROMETHEUS = url("PROMETHEUS", "<[ prometheus_port ]>")
ALERTMANAGER = url("ALERTMANAGER", "<[ alertmanager_port ]>")
RECEIVER = url("RECEIVER", "<[ receiver_port ]>")


def get(base: str, path: str) -> Any:
    code, body = live.ask(base + path)
    if code != 200:
        not_yet(f"{base}{path} answers {code}: {body[:200].decode(errors='replace')}")
    return json.loads(body)


def post(base: str, path: str, document: object) -> tuple[int, bytes]:
    body = json.dumps(document).encode()
    return live.ask(base + path, body, {"Content-Type": "application/json"})


def query(expression: str) -> list[dict[str, Any]]:
    """What Prometheus knows now: labels as `metric`, and `value`."""
    found = get(PROMETHEUS, "/api/v1/query?" + urlencode({"query": expression}))
    return [
        {"metric": one["metric"], "value": float(one["value"][1])}
        for one in found["data"]["result"]
    ]


def until(what: Callable[[], Any], seconds: float) -> Any:
    """The first true answer, or the last one."""
    end = time.monotonic() + seconds
    while not (found := what()) and time.monotonic() < end:
        time.sleep(0.25)
    return found


Rule = tuple[str, str, float, float, dict[str, str]]  # type, query, for, keep_firing_for, labels


def formatted(query: str) -> str:
    """As Prometheus writes it, so that two ways to write the same are equal."""
    code, body = live.ask(PROMETHEUS + "/api/v1/format_query?" + urlencode({"query": query}))
    return json.loads(body)["data"] if code == 200 else query


def seconds(duration: object) -> float:
    units = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
    found = re.findall(r"(\d+)(ms|[smhdw])", str(duration or "0s"))
    return sum(float(number) * units[unit] for number, unit in found)


def evaluated(name: str) -> list[Rule]:
    """The rules of this name that the live Prometheus evaluates."""
    groups = get(PROMETHEUS, "/api/v1/rules")["data"]["groups"]
    found = [rule for group in groups for rule in group["rules"] if rule["name"] == name]
    if broken := next((rule for rule in found if rule["health"] == "err"), None):
        not_yet(f"the rule {name} fails: {broken.get('lastError', '')[:200]}")
    return [
        (
            rule["type"],
            formatted(rule["query"]),
            rule.get("duration", 0),
            rule.get("keepFiringFor", 0),
            rule.get("labels") or {},
        )
        for rule in found
    ]


def written(name: str) -> list[Rule]:
    """The rules of this name in config/rules/."""
    documents = [yaml.safe_load(text) or {} for text in texts().values()]
    groups = [group for document in documents for group in document.get("groups") or []]
    return [
        (
            "alerting" if "alert" in rule else "recording",
            formatted(str(rule["expr"])),
            seconds(rule.get("for")),
            seconds(rule.get("keep_firing_for")),
            {label: str(value) for label, value in (rule.get("labels") or {}).items()},
        )
        for group in groups
        for rule in group.get("rules") or []
        if name in (rule.get("alert"), rule.get("record"))
    ]


def in_force(*names: str, kind: str = "recording") -> None:
    """The live Prometheus evaluates these rules, as the files have them."""
    for name in names:
        wanted = written(name)
        if kind not in {rule[0] for rule in wanted}:
            not_yet(f"config/rules/ has no rule {name} of the type {kind}")
        if not until(lambda name=name, wanted=wanted: evaluated(name) == wanted, 3):
            there = "another rule" if evaluated(name) else "no rule"
            not_yet(f"Prometheus evaluates {there} {name}: it has not read config/rules/")


def texts() -> dict[str, str]:
    return {file.name: file.read_text("utf-8") for file in sorted(RULES.glob("*.yml"))}


def promtool(*words: str, files: dict[str, str]) -> tuple[int, str]:
    """Runs promtool where these files are; its exit code and what it says."""
    if RUNTIME == "compose":
        return in_container(words, files)
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            Path(folder, name).write_text(text, "utf-8")
        return finish(["promtool", *words], b"", folder)


def in_container(words: tuple[str, ...], files: dict[str, str]) -> tuple[int, str]:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    script = 'cd "$(mktemp -d /tmp/check.XXXXXX)" && tar xf - && promtool "$@"; r=$?; rm -rf "$PWD"'
    inside = ["sh", "-c", script + "; exit $r", "sh", *words]
    argv = ["docker", "compose", "exec", "-T", "prometheus", *inside]
    return finish(argv, packed.getvalue(), ".")


def finish(argv: list[str], given: bytes, folder: str) -> tuple[int, str]:
    try:
        done = subprocess.run(
            argv, input=given, cwd=folder, capture_output=True, timeout=PATIENCE, check=False
        )
    except FileNotFoundError:
        cannot_tell(f"{argv[0]} is not on PATH")
    except subprocess.TimeoutExpired:
        cannot_tell(f"{' '.join(argv[:6])} did not end within {PATIENCE} s")
    return done.returncode, (done.stdout + done.stderr).decode(errors="replace")


def check_rules() -> dict[str, str]:
    """The learner's rule files, which promtool can read."""
    found = texts()
    code, said = promtool("check", "rules", *found, files=found)
    if code:
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        not_yet(f"promtool check rules: {' '.join(lines[-2:])[:300]}")
    return found


Series = dict[str, str]  # a series, and its values in promtool's words


class Day(NamedTuple):
    """What Prometheus would have scraped each second of a day that nobody has seen."""

    series: Series
    tests: list[dict[str, Any]]  # promtool's promql_expr_test
    otherwise: str  # what is wrong with rules that do not hold them


def judge(files: dict[str, str], days: list[Day]) -> None:
    """All days in one run of promtool: the first that the learner's rules do not hold is said."""
    tests: list[dict[str, Any]] = []
    for number, day in enumerate(days):
        # promtool says which expression failed, and so a comment can say which day it was.
        marked = [one | {"expr": f"{one['expr']}\n# day {number}"} for one in day.tests]
        planted = [{"series": one, "values": values} for one, values in day.series.items()]
        same = next((test for test in tests if test["input_series"] == planted), None)
        if same:
            same["promql_expr_test"] += marked
        else:
            test = {"interval": "1s", "input_series": planted, "promql_expr_test": marked}
            tests.append(test)
    whole = {"rule_files": list(files), "evaluation_interval": "1s", "tests": tests}
    with_test = files | {"test.json": json.dumps(whole)}
    code, said = promtool("test", "rules", "test.json", files=with_test)
    failed = [int(number) for number in re.findall(r"# day (\d+)", said)]
    if failed:
        not_yet(days[min(failed)].otherwise)
    if code:
        cannot_tell(f"promtool test rules: {' '.join(said.split())[-200:]}")


def holds(expression: str, at: int) -> dict[str, Any]:
    """One of promtool's tests: after so many seconds the expression, which compares, is true."""
    sample = {"labels": "{}", "value": 1}
    return {"expr": f"count({expression}) > bool 0", "eval_time": f"{at}s", "exp_samples": [sample]}


def firing(alert: str, at: int, **labels: str) -> dict[str, Any]:
    """One of promtool's tests: it fires. Its other labels are the learner's, so ALERTS is asked."""
    wanted = {"alertname": alert, "alertstate": "firing"} | labels
    pairs = ", ".join(f'{name}="{value}"' for name, value in wanted.items())
    return holds(f"ALERTS{{{pairs}}}", at)


def silent(alert: str, at: int) -> dict[str, Any]:
    """One of promtool's tests: it does not fire, whatever its labels are."""
    found = firing(alert, at)
    expression = found["expr"].removesuffix("> bool 0") + "or vector(0)"
    return found | {"expr": expression, "exp_samples": [{"labels": "{}", "value": 0}]}


def day(alert: str, name: str, series: Series, at: int, **labels: str) -> Day:
    """The learner's alert fires with these labels, or, without any, it is silent."""
    said = firing(alert, at, **labels) if labels else silent(alert, at)
    as_what = " ".join(f"{key} {value}" for key, value in labels.items())
    says = f"does not fire as {as_what}" if labels else "fires"
    return Day(series, [said], f"{alert} {says} after {at} s: {name}")

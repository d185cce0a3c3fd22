"""What the checks share: Prometheus' answers, and promtool on the learner's rules."""

import io
import json
import os
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import live
from verdict import cannot_tell, not_yet

RUNTIME = os.environ.get("MLOPS_LAB_RUNTIME", "local")
RULES = Path("config/rules")


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


def rules() -> dict[str, dict[str, Any]]:
    """The rules that are in force, by the name that they record or alert under."""
    groups = get(PROMETHEUS, "/api/v1/rules")["data"]["groups"]
    return {rule["name"]: rule for group in groups for rule in group["rules"]}


def in_force(*names: str, kind: str = "recording") -> None:
    """The live Prometheus has these rules, and they can be evaluated."""
    for name in names:
        found = until(lambda name=name: rules().get(name, {}), 3)
        if not found:
            not_yet(f"Prometheus has no rule {name} in force: python -m ops.reload")
        if found["type"] != ("alerting" if kind == "alert" else kind):
            not_yet(f"{name} is a rule of the type {found['type']}")
        if found["health"] == "err":
            not_yet(f"the rule {name} fails: {found.get('lastError', '')[:200]}")
        if not any(f": {name}" in text or f'"{name}"' in text for text in texts().values()):
            not_yet(f"config/rules/ has no rule {name}")


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
            argv, input=given, cwd=folder, capture_output=True, timeout=60, check=False
        )
    except FileNotFoundError:
        cannot_tell(f"{argv[0]} is not on PATH")
    except subprocess.TimeoutExpired:
        cannot_tell(f"{' '.join(argv[:6])} did not end within 60 s")
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
Case = tuple[str, dict[str, Any]]  # what it stands for, and promtool's test


def case(name: str, series: Series, alerts: list[dict[str, Any]] = (), **more: Any) -> Case:
    """A day that nobody has seen: what Prometheus would have scraped each second."""
    planted = [{"series": one, "values": values} for one, values in series.items()]
    return name, {"interval": "1s", "input_series": planted, "alert_rule_test": alerts, **more}


def is_held(test: dict[str, Any], files: dict[str, str]) -> bool:
    """Does promtool find that these rules do what the test expects?"""
    whole = {"rule_files": list(files), "evaluation_interval": "1s", "tests": [test]}
    code, said = promtool(
        "test", "rules", "test.json", files=files | {"test.json": json.dumps(whole)}
    )
    if code and "FAILED" not in said:
        cannot_tell(f"promtool test rules: {said.strip()[-200:]}")
    return code == 0


def holds(expression: str, at: str) -> dict[str, Any]:
    """One of promtool's tests: the expression, which compares, is true."""
    sample = {"labels": "{}", "value": 1}
    return {"expr": f"count({expression}) > bool 0", "eval_time": at, "exp_samples": [sample]}

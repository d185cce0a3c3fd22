"""Is the bill what callers saw, and does it say what nobody knows?"""

import json
import math
import random
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import lab
import verdict

COLUMNS = ("requests", "prompt_tokens", "completion_tokens", "unknown", "cost")
STREAM = {"stream": True, "stream_options": {"include_usage": True}}
BILL = ".mlops-lab/lab/verify/bill.py"
Bill = dict[str, dict[str, float]]


def compare(found: Any, expected: Bill, what: str) -> None:
    if not isinstance(found, dict):
        verdict.not_yet(f"{what}: the bill is no JSON object of teams")
    if set(found) != set(expected):
        verdict.not_yet(f"{what}: the bill has {sorted(found)}, not {sorted(expected)}")
    for team, columns in expected.items():
        for name in COLUMNS:
            has = found[team].get(name) if isinstance(found[team], dict) else None
            if not isinstance(has, int | float) or not math.isclose(has, columns[name]):
                verdict.not_yet(f"{what}: {name} of {team} is {has}, not {columns[name]:g}")


def examine_invented() -> None:
    """Lines and prices that no gateway has written: two models, refusals, streams without usage."""
    prices = {
        name: {"prompt": random.randint(1, 9), "completion": random.randint(10, 99)}
        for name in ("small", "large")
    }
    lines, expected = [], {}
    for _ in range(60):
        team, model = random.choice(lab.TEAMS), random.choice(list(prices))
        status = random.choice((200, 200, 200, 429, 503))
        line = {"time": "2026-01-31T12:00:00.000Z", "path": lab.CHAT, "flags": "-", "team": team}
        known = status == 200 and random.random() < 0.8
        prompt, completion = random.randint(1, 900), random.randint(1, 90)
        line |= {"status": status, "duration_ms": 5, "model": model if status == 200 else None}
        line["prompt_tokens"] = prompt if known else None
        line["completion_tokens"] = completion if known else None
        lines.append(line)
        if status != 200:
            continue
        column = expected.setdefault(team, dict.fromkeys(COLUMNS, 0))
        column["requests"] += 1
        column["unknown"] += not known
        if known:
            column["prompt_tokens"] += prompt
            column["completion_tokens"] += completion
            price = prices[model]
            column["cost"] += (prompt * price["prompt"] + completion * price["completion"]) / 1e6
    lines.append(line | {"team": None, "status": 401})
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "lines.json")
        file.write_text(json.dumps([lines, prices]), "utf-8")
        found = verdict.run(lab.PYTHON, BILL, str(file))
    compare(found, expected, "60 invented lines and prices")


def examine_fresh() -> None:
    before = len(lab.ledger())
    price = tomllib.loads(Path("config/prices.toml").read_text("utf-8"))["smollm2"]
    expected = {team: dict.fromkeys(COLUMNS, 0) for team in lab.TEAMS}
    requests = 0
    for team, mode in zip((*lab.TEAMS, *lab.TEAMS), ({}, STREAM, STREAM, {}), strict=True):
        text = f"{random.random()} Name a colour."
        code, usage = lab.usage(lab.prompt(text, random.randint(3, 9), **mode), team)
        if code != 200 or not usage:
            verdict.cannot_tell(f"a question of {team} gets {code} and the usage {usage}")
        column, requests = expected[team], requests + 1
        column["requests"] += 1
        for kind in ("prompt", "completion"):
            column[f"{kind}_tokens"] += usage[f"{kind}_tokens"]
            column["cost"] += usage[f"{kind}_tokens"] * price[kind] / 1e6
    # One leaves in the middle, and one never asked what it cost.
    caller = lab.open_stream(lab.long_story(60), "search")
    lab.wait_for(lambda: bool(lab.answered([caller])))
    caller.close()
    lab.idle()
    lab.usage(lab.prompt("Hello.", 2, stream=True), "support")
    lab.ask("/v1/models", team="support")
    lab.ask(lab.CHAT, lab.prompt("Hello.", 1), headers=lab.bearer("0123456789abcdef"))
    for team in lab.TEAMS:
        expected[team]["requests"] += 1
        expected[team]["unknown"] += 1
    lines = lab.logged(before, requests + 4)
    since = lab.entry(lines[0])["time"]
    found = verdict.run(lab.PYTHON, "-m", "ops.cost", "--since", since, timeout=60)
    compare(found, expected, f"{requests + 4} requests")
    print(f"{requests + 4} requests are billed, and 2 of them are known to be unknown")


examine_fresh()
examine_invented()

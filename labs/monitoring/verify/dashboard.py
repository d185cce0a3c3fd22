"""Does each panel of the dashboard show what its title says? Asked live, and about planted days."""

import math
import random
import re
from pathlib import Path
from typing import Any

import lab
import verdict

FOLDER = Path("dashboards")
TITLES = {"Requests per second", "Errors", "Latency, p95", "Drift of the inputs (PSI)"}
TITLES |= {"Live AUC by version", "Age of the newest outcome", "Alerts that fire"}
LABELS = 'job="model", instance="a", model="rollback"'
BUCKETS = ("0.005", "0.01", "0.025", "0.05", "0.1", "+Inf")


def panels() -> dict[str, list[str]]:
    """Title and queries of each panel, also of those in rows that are folded."""
    found: dict[str, list[str]] = {}
    for file in sorted(FOLDER.glob("*.json")):
        board: Any = verdict.read_json(str(file))
        waiting = list(board.get("panels", []))
        while waiting:
            panel = waiting.pop(0)
            waiting += panel.get("panels", [])
            queries = [target["expr"] for target in panel.get("targets", [])]
            found.setdefault(panel.get("title", ""), []).extend(queries)
    return found


def filled(expression: str) -> str:
    """What Grafana puts in the place of its variables."""
    return re.sub(r"\$__(rate_interval|interval|range)\b", "1m", expression)


def examine_live(title: str, expression: str) -> None:
    found = lab.until(lambda: lab.query(filled(expression)), 12)
    if not found:
        verdict.not_yet(f'the panel "{title}" has no data: {expression}')
    if all(math.isnan(one["value"]) for one in found):
        verdict.not_yet(f'the panel "{title}" shows no number: {expression}')


def planted(title: str, series: lab.Series, says: str, *tests: str) -> list[lab.Day]:
    """Each test is a comparison, with the panel's query in the place of Q."""
    days = []
    for expression in PANELS[title]:
        query = f"({filled(expression)})"
        found = [lab.holds(test.replace("Q", query), 100) for test in tests]
        otherwise = f'the panel "{title}" does not show {says}: {expression}'
        days.append(lab.Day(series, found, otherwise))
    return days


def near(value: float) -> str:
    return f"abs(Q - {value:.6f}) < {abs(value) / 50 + 1e-4:.6f}"


def errors() -> list[lab.Day]:
    each = {code: random.randint(1, 60) for code in ("200", "400", "413", "500", "503")}
    series = {
        f'model_requests_total{{{LABELS}, version="1", code="{code}"}}': f"0+{n}x120"
        for code, n in each.items()
    }
    part = (each["500"] + each["503"]) / sum(each.values())
    return planted("Errors", series, "the part of requests that the server failed", near(part))


def latency() -> list[lab.Day]:
    """Two versions, of which one is slow: the quantile of all requests."""
    counts = {version: [random.randint(5, 40) for _ in BUCKETS[:-1]] for version in "12"}
    series: lab.Series = {}
    for version, numbers in counts.items():
        total, labels = 0, f'{LABELS}, version="{version}"'
        name = "model_request_duration_seconds"
        for le, number in zip(BUCKETS, [*numbers, 0], strict=True):
            total += number
            series[f'{name}_bucket{{{labels}, le="{le}"}}'] = f"0+{total}x120"
        series[f"{name}_count{{{labels}}}"] = f"0+{total}x120"
        series[f"{name}_sum{{{labels}}}"] = f"0+{total * 0.02:.2f}x120"
    both = [sum(pair) for pair in zip(*counts.values(), strict=True)]
    expected = quantile(0.95, both)
    return planted("Latency, p95", series, "the 95th percentile", near(expected))


def quantile(part: float, numbers: list[int]) -> float:
    """As Prometheus does it: a straight line within the bucket."""
    edges, rank, below = [0.0, *map(float, BUCKETS[:-1])], part * sum(numbers), 0
    for index, number in enumerate(numbers):
        if below + number >= rank:
            return edges[index] + (edges[index + 1] - edges[index]) * (rank - below) / number
        below += number
    raise AssertionError


def versions() -> list[lab.Day]:
    series = {
        f'model_live_auc{{job="quality", version="{version}"}}': f"{auc}x120"
        for version, auc in {"1": 0.84, "2": 0.86, "3": 0.52}.items()
    }
    title = "Live AUC by version"
    wanted = (
        "count(Q) == 3",
        "min(Q) < 0.53",
        "max(Q) > 0.85",
        "count(count by (version) (Q)) == 3",
    )
    return planted(title, series, "each version", *wanted)


FILES = lab.check_rules()
PANELS = panels()
if missing := sorted(TITLES - {title for title, queries in PANELS.items() if queries}):
    verdict.not_yet(f'there is no panel "{missing[0]}" with a query')
for title, queries in PANELS.items():
    for expression in queries:
        examine_live(title, expression)
lab.judge(FILES, [*errors(), *latency(), *versions()])
print(f"{len(PANELS)} panels have data, and show what they say")

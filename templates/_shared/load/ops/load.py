"""How much can one server take? python -m ops.load

Drives Locust through rising concurrency, prints a table, and writes reports/load.json (the same),
reports/load.svg (a picture) and reports/load.html (Locust's own report).
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from ops.asked import server, told
from ops.endpoint import api
from ops.locustfile import RAW

REPORT = Path("reports/load.json")
PICTURE = Path("reports/load.svg")
LOAD_SECONDS = 300  # it takes 15


def percentile(ordered: list[float], part: float) -> float:
    return round(ordered[min(len(ordered) - 1, int(part * len(ordered)))], 2)


def summarise(level: dict[str, Any]) -> dict[str, float]:
    ordered = sorted(level["latencies_ms"])
    if not ordered:
        raise SystemExit(f"error: no request was answered at concurrency {level['concurrency']}")
    return {
        "concurrency": level["concurrency"],
        "requests": len(ordered),
        "seconds": round(level["seconds"], 3),
        "per_second": round(len(ordered) / level["seconds"], 1),
        "mean_ms": round(sum(ordered) / len(ordered), 2),
        "p50_ms": percentile(ordered, 0.50),
        "p95_ms": percentile(ordered, 0.95),
        "p99_ms": percentile(ordered, 0.99),
        "errors": level["errors"],
    }


def draw(levels: list[dict[str, float]]) -> str:
    """Requests per second as bars, p95 as a line: where the bars stop growing is the limit."""
    width, height, step = 90 * len(levels) + 60, 260, 90
    rate = max(level["per_second"] for level in levels)
    slow = max(level["p95_ms"] for level in levels)
    parts, points = [], []
    for index, level in enumerate(levels):
        x = 40 + index * step
        bar = 180 * level["per_second"] / rate
        points.append(f"{x + 25},{210 - 180 * level['p95_ms'] / slow:.0f}")
        parts.append(
            f'<rect x="{x}" y="{210 - bar:.0f}" width="50" height="{bar:.0f}" fill="#9ecae1"/>'
            f'<text x="{x + 25}" y="{205 - bar:.0f}">{level["per_second"]:.0f}/s</text>'
            f'<text x="{x + 25}" y="228">{level["concurrency"]:g}</text>'
            f'<text x="{x + 25}" y="244" fill="#a50f15">{level["p95_ms"]:g} ms</text>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="12" text-anchor="middle">'
        f'<rect width="{width}" height="{height}" fill="white"/>{"".join(parts)}'
        f'<polyline points="{" ".join(points)}" fill="none" stroke="#a50f15" stroke-width="2"/>'
        f'<text x="{width / 2:.0f}" y="14">requests per second (bars) and p95 (line) '
        "by concurrent callers</text></svg>\n"
    )


def main() -> int:
    before = server()
    arguments = ["-f", "ops/locustfile.py", "--headless", "--only-summary", "--loglevel", "WARNING"]
    outputs = ["--host", api(), "--html", "reports/load.html"]
    RAW.parent.mkdir(exist_ok=True)
    RAW.unlink(missing_ok=True)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "locust", *arguments, *outputs],
            capture_output=True,
            timeout=LOAD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        print(f"error: the load did not end within {LOAD_SECONDS} s", file=sys.stderr)
        return 1
    if not RAW.exists():
        sys.stderr.write(done.stderr.decode(errors="replace"))
        return 1
    raw = json.loads(RAW.read_text("utf-8"))
    RAW.unlink()
    report = {
        "server": told(before, server()),
        "sent": raw["sent"],
        "levels": [summarise(level) for level in raw["levels"]],
    }
    REPORT.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    PICTURE.write_text(draw(report["levels"]), "utf-8")

    print("callers   req/s      p50      p95      p99  errors")
    for row in report["levels"]:
        print(
            f"{row['concurrency']:7} {row['per_second']:7.0f} {row['p50_ms']:6.1f} ms "
            f"{row['p95_ms']:5.1f} ms {row['p99_ms']:5.1f} ms {row['errors']:7}"
        )
    print(f"{REPORT}, {PICTURE}, reports/load.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""python -m ops.picture [MINUTES]: drift and burn rate of the last minutes, as the live Prometheus
knows them: reports/monitoring.svg.
"""

import sys
import time
from html import escape
from pathlib import Path

from ops.ask import history

PICTURE = Path("reports/monitoring.svg")
WIDTH, HEIGHT, LEFT, TOP, GAP = 720, 150, 50, 30, 50
COLORS = ("#1b6ca8", "#c8553d", "#588157", "#8d6a9f", "#d4a017", "#2a9d8f", "#7f4f24", "#6c757d")
BUDGET = 0.01  # the part of the requests that may fail

# Title, query, what a line is called, and where somebody should worry.
CHARTS = (
    ("Drift: PSI of each input", "model:input_psi:30s", "feature", 0.2),
    ("Burn rate of the error budget", f"model:errors:ratio_rate1m / {BUDGET}", "", 14.4),
    ("Live AUC of each version", "model_live_auc", "version", 0.7),
)


def chart(top: int, number: int, start: float, end: float) -> str:
    title, expression, label, limit = CHARTS[number]
    found = history(expression, start, end, max(1, int((end - start) / 300)))
    numbers = [
        float(v) for series in found for _, v in series["values"] if v not in ("NaN", "+Inf")
    ]
    most = max([limit * 1.5, *numbers])

    def x(moment: float) -> float:
        return LEFT + WIDTH * (moment - start) / (end - start)

    def y(value: float) -> float:
        return top + HEIGHT * (1 - min(value, most) / most)

    parts = [
        f'<text x="{LEFT}" y="{top - 10}" font-weight="bold">{escape(title)}</text>',
        f'<rect x="{LEFT}" y="{top}" width="{WIDTH}" height="{HEIGHT}" fill="#f7f7f5"/>',
        f'<line x1="{LEFT}" x2="{LEFT + WIDTH}" y1="{y(limit):.1f}" y2="{y(limit):.1f}" '
        'stroke="#a50f15" stroke-dasharray="4 4"/>',
        f'<text x="{LEFT - 5}" y="{y(limit) + 4:.1f}" text-anchor="end">{limit:g}</text>',
        f'<text x="{LEFT - 5}" y="{top + HEIGHT}" text-anchor="end">0</text>',
    ]
    if not found:
        parts.append(f'<text x="{LEFT + 10}" y="{top + HEIGHT / 2}">no data</text>')
    for index, series in enumerate(found):
        color = COLORS[index % len(COLORS)]
        points = [(x(t), y(float(v))) for t, v in series["values"] if v not in ("NaN", "+Inf")]
        line = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="1.5"/>')
        name = escape(f"{label} {series['metric'].get(label, '')}" if label else "")
        parts.append(
            f'<text x="{LEFT + WIDTH + 10}" y="{top + 12 + 16 * index}" fill="{color}">'
            f"{name}</text>"
        )
    return "".join(parts)


def draw(minutes: float) -> str:
    end = time.time()
    height = TOP + len(CHARTS) * (HEIGHT + GAP)
    charts = "".join(
        chart(TOP + number * (HEIGHT + GAP), number, end - 60 * minutes, end)
        for number in range(len(CHARTS))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 190} {height}" '
        'font-family="sans-serif" font-size="12">'
        f'<rect width="100%" height="100%" fill="white"/>{charts}'
        f'<text x="{LEFT}" y="{height - 8}">the last {minutes:g} minutes, until '
        f"{time.strftime('%H:%M:%S', time.localtime(end))}</text></svg>\n"
    )


def main() -> None:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 5
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(draw(minutes), "utf-8")
    print(PICTURE)


if __name__ == "__main__":
    main()

"""Draws latency against callers, with the objective as a line: an SVG for any browser."""

from typing import Any

WIDTH, HEIGHT, LEFT, BASE = 460, 300, 60, 250


def draw(levels: list[dict[str, Any]], objective: dict[str, Any]) -> str:
    parts = [f'<rect width="{WIDTH}" height="{2 * HEIGHT}" fill="white"/>']
    for n, (key, title) in enumerate(
        (("ttft_p95_ms", "time to first token, p95"), ("itl_p95_ms", "between tokens, p95"))
    ):
        parts.append(f'<g transform="translate(0 {n * HEIGHT})">')
        parts += panel([(row["callers"], row[key]) for row in levels], objective[key], title)
        parts.append("</g>")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {2 * HEIGHT}" '
        f'font-family="sans-serif" font-size="12" text-anchor="middle">{"".join(parts)}</svg>\n'
    )


def panel(points: list[tuple[int, float]], limit: float, title: str) -> list[str]:
    top = 1.15 * max([limit, *(value for _, value in points)])
    step = (WIDTH - LEFT - 20) / len(points)
    at = [
        (LEFT + step * (n + 0.5), BASE - 200 * value / top) for n, (_, value) in enumerate(points)
    ]
    line = BASE - 200 * limit / top
    parts = [
        f'<text x="{WIDTH / 2:.0f}" y="22">{title}, by callers</text>',
        f'<line x1="{LEFT}" y1="{line:.0f}" x2="{WIDTH - 20}" y2="{line:.0f}" stroke="#a50f15" '
        'stroke-dasharray="5 4"/>',
        f'<text x="{LEFT - 6}" y="{line + 4:.0f}" text-anchor="end" fill="#a50f15">'
        f"{limit:g} ms</text>",
        f'<polyline points="{" ".join(f"{x:.0f},{y:.0f}" for x, y in at)}" fill="none" '
        'stroke="#3182bd" stroke-width="2"/>',
    ]
    for (x, y), (callers, value) in zip(at, points, strict=True):
        parts.append(
            f'<circle cx="{x:.0f}" cy="{y:.0f}" r="4" fill="#3182bd"/>'
            f'<text x="{x:.0f}" y="{y - 10:.0f}">{value:.0f} ms</text>'
            f'<text x="{x:.0f}" y="{BASE + 20}">{callers}</text>'
        )
    return parts

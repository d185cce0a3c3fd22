"""How many callers does the server take within the objective? python -m ops.load

Sends streams from 1, 2, 4 and 8 callers at a time, prints a table, and writes reports/load.json
(the same) and reports/load.svg (a picture).

  TTFT  time to first token: how long a reader looks at nothing
  ITL   inter-token latency: the time between two tokens, the pace of reading
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

from ops.picture import draw
from ops.server import counters
from ops.stream import Answer, ask

REPORT, PICTURE = Path("reports/load.json"), Path("reports/load.svg")
CALLERS = (1, 2, 4, 8)
STREAMS = 2  # of each caller at each level
TOKENS = 16
QUESTION = "Explain to a colleague what happens between a commit and its deployment. "
OBJECTIVE = json.loads(Path("slo.json").read_text("utf-8"))


def prompt() -> str:
    return QUESTION * 8


def time_to_first_token(answer: Answer) -> float:
    return answer.headers - answer.sent


def between_tokens(answer: Answer) -> list[float]:
    return [later - earlier for earlier, later in pairwise(answer.tokens)]


def level(callers: int) -> dict[str, Any]:
    began = time.monotonic()
    with ThreadPoolExecutor(callers) as pool:
        jobs = range(callers * STREAMS)
        answers = list(pool.map(lambda _: ask(prompt(), TOKENS, "load"), jobs))
    seconds = time.monotonic() - began
    whole = [answer for answer in answers if answer.done]
    if not whole:
        raise SystemExit(f"error: no stream ended: {answers[0].status} {answers[0].error}")
    first = [1000 * time_to_first_token(answer) for answer in whole]
    pauses = [1000 * pause for answer in whole for pause in between_tokens(answer)]
    return {
        "callers": callers,
        "streams": len(whole),
        "broken": len(answers) - len(whole),
        "seconds": round(seconds, 3),
        "tokens": sum(answer.usage["completion_tokens"] for answer in whole),
        "prompt_tokens": sum(answer.usage["prompt_tokens"] for answer in whole),
        "ttft_p95_ms": percentile(first, 0.95),
        "itl_p95_ms": percentile(pauses, 0.95),
    }


def percentile(values: list[float], part: float) -> float:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(part * len(ordered)))], 1)


def main() -> int:
    before = counters()
    levels = []
    print("callers  tokens/s   TTFT p95    ITL p95")
    for callers in CALLERS:
        row = level(callers)
        levels.append(row)
        print(
            f"{callers:7} {row['tokens'] / row['seconds']:9.1f} {row['ttft_p95_ms']:7.0f} ms "
            f"{row['itl_p95_ms']:7.0f} ms",
            flush=True,
        )
    report = {"before": before, "after": counters(), "levels": levels}
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    PICTURE.write_text(draw(levels, OBJECTIVE), "utf-8")
    print(f"{REPORT}, {PICTURE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

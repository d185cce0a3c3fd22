"""The load: users that send one request after the other, more of them every few seconds.

Locust runs this file; ops/load.py starts Locust and makes a report of what it writes.
"""

import json
import os
import time
from pathlib import Path
from typing import Any

from locust import FastHttpUser, LoadTestShape, constant, events, task
from locust.env import Environment

from ops.asked import BODY, METHOD, PATH

LEVELS = [int(level) for level in os.environ.get("LOAD_LEVELS", "1,2,4,8,16,32").split(",")]
SECONDS = int(os.environ.get("LOAD_SECONDS", "2"))  # for each level
SETTLE = 0.5  # of them not counted: users are still being started
RAW = Path("reports/load.raw.json")


class Caller(FastHttpUser):
    wait_time = constant(0)  # the next question as soon as the last is answered: a closed loop

    @task
    def predict(self) -> None:
        self.client.request(METHOD, PATH, data=BODY)


class Stairs(LoadTestShape):
    """One level after the other. Locust calls this about once a second."""

    level = -1
    counted_from = float("inf")

    def tick(self) -> tuple[int, float] | None:
        now = int(self.get_run_time() / SECONDS)
        if now >= len(LEVELS):
            return None
        if now != Stairs.level:
            close_level()
            Stairs.level = now
            Stairs.counted_from = time.monotonic() + SETTLE
        return LEVELS[now], 1000


latencies: list[float] = []
errors = 0
levels: list[dict[str, Any]] = []


@events.request.add_listener
def on_request(response_time: float, exception: BaseException | None, **_: Any) -> None:
    global errors
    if time.monotonic() < Stairs.counted_from:
        return
    if exception:
        errors += 1
    else:
        latencies.append(response_time)


def close_level() -> None:
    """Puts what was counted since the level settled into the list."""
    global errors
    if Stairs.level >= 0:
        levels.append(
            {
                "concurrency": LEVELS[Stairs.level],
                "seconds": time.monotonic() - Stairs.counted_from,
                "latencies_ms": list(latencies),
                "errors": errors,
            }
        )
    latencies.clear()
    errors = 0


@events.test_stop.add_listener
def on_stop(environment: Environment, **_: Any) -> None:
    close_level()
    Stairs.counted_from = float("inf")
    RAW.parent.mkdir(exist_ok=True)
    RAW.write_text(json.dumps({"sent": environment.stats.total.num_requests, "levels": levels}))

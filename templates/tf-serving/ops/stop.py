"""Does a stop lose requests? python -m ops.stop -- sh ops/stop.sh COMMAND THAT STOPS THE SERVER

Eight callers send without a pause, each through a load balancer of its own, as long as that sends
traffic (ops/traffic.py). Nothing is retried: a request without an answer is lost.
"""

import http.client
import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

from ops import traffic
from ops.endpoint import api

CALLERS = 8
WARM_UP_SECONDS = 1.0
COMMAND_SECONDS = 300
REPORT = Path("reports/stop.json")
BODY = Path("requests/predict.json").read_bytes()
ADDRESS = urlsplit(api()).netloc


class Balancer:
    """What it saw when it last polled the switch."""

    def __init__(self, first_look: float, end: threading.Event) -> None:
        self.sends = traffic.flows()
        self.first_look, self.end = first_look, end

    def watch(self) -> None:
        self.end.wait(self.first_look)
        while not self.end.wait(traffic.LOOK_SECONDS):
            self.sends = traffic.flows()


def balancers(end: threading.Event) -> list[Balancer]:
    """Each looks by a clock of its own, spread over the time between two looks.

    So one of them has only just looked when the switch is turned, whenever that is: a wait that is
    too short for it loses requests at every try, and not only on a bad day.
    """
    share = traffic.LOOK_SECONDS / CALLERS
    return [Balancer((number + random.random()) * share, end) for number in range(CALLERS)]


def call(balancer: Balancer, tally: Counter[str]) -> None:
    connection = http.client.HTTPConnection(ADDRESS, timeout=10)
    while not balancer.end.is_set():
        if not balancer.sends:
            time.sleep(0.01)
            continue
        try:
            connection.request("POST", "/v1/models/rollback/labels/stable:predict", BODY)
            response = connection.getresponse()
            response.read()
            tally["answered" if response.status == 200 else f"lost: {response.status}"] += 1
        except (OSError, http.client.HTTPException) as error:
            tally[f"lost: {type(error).__name__}"] += 1
            connection.close()
            time.sleep(0.01)
    connection.close()


def is_up() -> bool:
    connection = http.client.HTTPConnection(ADDRESS, timeout=2)
    try:
        connection.request("GET", "/v1/models/rollback")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def main() -> int:
    command = sys.argv[2:] if sys.argv[1:2] == ["--"] else sys.argv[1:]
    if not command:
        print("usage: python -m ops.stop -- COMMAND", file=sys.stderr)
        return 2
    if not traffic.flows() or not is_up():
        print("first: mlops-lab up; python -m ops.traffic on", file=sys.stderr)
        return 1
    end = threading.Event()
    fleet, tallies = balancers(end), [Counter[str]() for _ in range(CALLERS)]
    threads = [threading.Thread(target=balancer.watch) for balancer in fleet]
    for balancer, tally in zip(fleet, tallies, strict=True):
        threads.append(threading.Thread(target=call, args=(balancer, tally)))
    for thread in threads:
        thread.start()
    try:
        time.sleep(WARM_UP_SECONDS)
        try:
            code = subprocess.run(
                command, stdout=subprocess.DEVNULL, timeout=COMMAND_SECONDS, check=False
            ).returncode
        except subprocess.TimeoutExpired:
            raise SystemExit(
                f"error: not done after {COMMAND_SECONDS} s: {' '.join(command)}"
            ) from None
        time.sleep(2 * traffic.LOOK_SECONDS)  # what is sent now finds no server
    finally:
        end.set()
        for thread in threads:
            thread.join()
    total = sum(tallies, Counter[str]())
    answered = total.pop("answered", 0)
    report = {
        "callers": CALLERS,
        "answered": answered,
        "lost": sum(total.values()),
        "reasons": dict(total),
        "exit": code,
        "stopped": not is_up(),
    }
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    print(json.dumps(report, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())

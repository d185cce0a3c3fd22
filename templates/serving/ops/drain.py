"""Does a stop lose requests? python -m ops.drain -- COMMAND THAT STOPS THE SERVER

Eight callers send without a pause, each behind a load balancer of its own: a probe reads
/v2/health/ready four times a second, and requests are sent while the last one was "ready".
The eight probes are spread evenly over that quarter of a second, from a start that is drawn at
random. So whenever the stop comes, some balancers have just probed and others are about to, and a
drain that is shorter than the pause between two probes loses requests every time.
A caller keeps its connection until an answer has `Connection: close`. Nothing is retried: a
request without an answer is lost.
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
from urllib.request import urlopen

from ops.endpoint import api

CALLERS = 8
PROBE_SECONDS = 0.25
WARM_UP_SECONDS = 1.0
COMMAND_SECONDS = 300
REPORT = Path("reports/drain.json")
BODY = Path("requests/infer.json").read_bytes()
ADDRESS = urlsplit(api()).netloc


class Balancer:
    """What its probe saw last, and whether a server that still answered reported "not ready"."""

    def __init__(self, first_look: float, stop: threading.Event) -> None:
        self.ready = True
        self.warned = False
        self.first_look = first_look
        self.stop = stop

    def watch(self) -> None:
        pause = self.first_look
        while not self.stop.wait(pause):
            pause = PROBE_SECONDS
            connection = http.client.HTTPConnection(ADDRESS, timeout=2)
            try:
                connection.request("GET", "/v2/health/ready")
                status = connection.getresponse().status
            except OSError:  # nothing answers: no traffic either
                self.ready = False
            else:
                self.ready = status == 200
                self.warned = self.warned or not self.ready
            finally:
                connection.close()


def call(balancer: Balancer, tally: Counter[str]) -> None:
    connection = http.client.HTTPConnection(ADDRESS, timeout=10)
    while not balancer.stop.is_set():
        if not balancer.ready:
            connection.close()
            time.sleep(0.01)
            continue
        try:
            connection.request("POST", "/v2/models/rollback/infer", BODY)
            response = connection.getresponse()
            response.read()  # http.client closes by itself when the answer has the header
            tally["answered" if response.status == 200 else f"lost: {response.status}"] += 1
        except (OSError, http.client.HTTPException) as error:
            tally[f"lost: {type(error).__name__}"] += 1
            connection.close()
            time.sleep(0.01)
    connection.close()


def metric(name: str) -> float:
    with urlopen(f"{api()}/metrics", timeout=5) as response:
        for line in response.read().decode().splitlines():
            if line.startswith(f"{name} "):
                return float(line.split()[1])
    raise SystemExit(f"error: {api()} has no metric {name}: is this the lab's server?")


def is_up() -> bool:
    try:
        with urlopen(f"{api()}/v2/health/live", timeout=2):
            return True
    except OSError:
        return False


def main() -> int:
    command = sys.argv[2:] if sys.argv[1:2] == ["--"] else sys.argv[1:]
    if not command:
        print("usage: python -m ops.drain -- COMMAND", file=sys.stderr)
        return 2
    started, drain = metric("server_start_time_seconds"), metric("server_drain_seconds")

    stop, step = threading.Event(), PROBE_SECONDS / CALLERS
    start = random.uniform(0, step)
    balancers = [Balancer(start + number * step, stop) for number in range(CALLERS)]
    tallies = [Counter[str]() for _ in balancers]
    threads = [threading.Thread(target=balancer.watch) for balancer in balancers]
    threads += [
        threading.Thread(target=call, args=pair) for pair in zip(balancers, tallies, strict=True)
    ]
    for thread in threads:
        thread.start()
    try:
        time.sleep(WARM_UP_SECONDS)
        stopped_at = time.time()
        try:
            code = subprocess.run(
                command, stdout=subprocess.DEVNULL, timeout=COMMAND_SECONDS, check=False
            ).returncode
        except subprocess.TimeoutExpired:
            raise SystemExit(
                f"error: not done after {COMMAND_SECONDS} s: {' '.join(command)}"
            ) from None
        took = time.time() - stopped_at
        time.sleep(2 * PROBE_SECONDS)
    finally:
        stop.set()
        for thread in threads:
            thread.join()

    tally = sum(tallies, Counter())
    lost = {reason: count for reason, count in sorted(tally.items()) if reason != "answered"}
    report = {
        "command": command,
        "exit": code,
        "callers": CALLERS,
        "answered": tally["answered"],
        "lost": sum(lost.values()),
        "reasons": lost,
        "server_started": started,
        "drain_seconds": drain,
        "saw_not_ready": sum(balancer.warned for balancer in balancers),
        "stop_took_seconds": round(took, 2),
        "stopped": not is_up(),
        "finished": time.time(),
    }
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    print(json.dumps(report, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())

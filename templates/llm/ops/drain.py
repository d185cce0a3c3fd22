"""Does a restart cut answers? python -m ops.drain -- COMMAND THAT RESTARTS THE SERVER

Four callers read streams, one after the other, until your command is over or the server takes no
more; a stream is whole when it ends with [DONE]. The record is reports/drain.json.
"""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

from ops.server import counters
from ops.stream import Answer, ask

TOKENS = (120, 105, 90, 75)  # of each caller: no moment at which all of them end
CALLERS = len(TOKENS)
COMMAND_SECONDS = 600
REPORT = Path("reports/drain.json")
STARTED, DRAIN = "front_start_time_seconds", "front_drain_seconds"


def wait_until_all_write(before: dict[str, float], seconds: float = 300) -> None:
    """Every caller has a slot and its first tokens."""
    written = "llamacpp:n_decode_total"
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        now = counters()
        if now["front_active"] >= CALLERS and now[written] > before[written]:
            return
        time.sleep(0.1)
    raise SystemExit("error: the streams did not start; is the server idle otherwise?")


def main() -> int:
    command = sys.argv[2:] if sys.argv[1:2] == ["--"] else sys.argv[1:]
    if not command:
        print("usage: python -m ops.drain -- COMMAND", file=sys.stderr)
        return 2
    before = counters()
    streams: list[Answer] = []
    over = threading.Event()

    def call(number: int, tokens: int) -> None:
        while not over.is_set():
            answer = ask(f"Tell story number {number}.", tokens, f"drain-{number}")
            if answer.status != 200:  # refused: the server stops, and nothing of it was read
                return
            streams.append(answer)

    threads = [threading.Thread(target=call, args=each) for each in enumerate(TOKENS)]
    for thread in threads:
        thread.start()
    wait_until_all_write(before)
    under_way = sum(thread.is_alive() for thread in threads)
    began = time.time()
    code = subprocess.run(command, timeout=COMMAND_SECONDS, check=False).returncode
    took = time.time() - began
    over.set()
    for thread in threads:
        thread.join()
    report = {
        "streams": len(streams),
        "under_way": under_way,
        "whole": sum(answer.done for answer in streams),
        "tokens": [len(answer.tokens) for answer in streams],
        "errors": sorted({answer.error for answer in streams if answer.error}),
        "drain_seconds": before[DRAIN],
        "server_started": before[STARTED],
        "command": command,
        "exit_code": code,
        "seconds": round(took, 2),
        "finished": round(time.time(), 3),
    }
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    print(json.dumps(report))
    return 0 if report["whole"] == report["streams"] else 1


if __name__ == "__main__":
    sys.exit(main())

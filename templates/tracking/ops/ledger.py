"""Does a kill lose what was acknowledged? python -m ops.ledger [--runs N] [--clients N]

Clients log runs without a pause and write down what the server acknowledged: each run that it
made, each metric that it took, each end. Half way the server is killed (SIGKILL) and started
again. What had no answer is lost or not, who knows: the client begins a new run. In the end
everything that was acknowledged is read again and compared.
"""

import argparse
import json
import random
import sys
import threading
import time
import uuid
from dataclasses import asdict, dataclass, field
from pathlib import Path

import track
from ops import endpoint, server

REPORT = Path("reports/ledger.json")
EXPERIMENT = "ledger"
PATIENCE_SECONDS = 300  # for each half


@dataclass
class Entry:
    """A run as a client saw it: only what the server has acknowledged."""

    run_id: str
    created: float
    metrics: dict[str, float] = field(default_factory=dict)
    finished: float = 0.0


class Ledger:
    """What the clients wrote down together."""

    def __init__(self, runs: int) -> None:
        self.name = uuid.uuid4().hex
        self.entries: list[Entry] = []
        self.errors: list[str] = []
        self.half = threading.Event()
        self.back = threading.Event()  # the server is there: from the start, and after the kill
        self.back.set()
        self._runs = runs
        self._lock = threading.Lock()

    def finished(self) -> int:
        return sum(entry.finished > 0 for entry in self.entries)

    def complete(self) -> bool:
        """Enough runs, and some of them from after the kill."""
        with self._lock:
            if self.finished() * 2 >= self._runs:
                self.half.set()
            return self.finished() >= self._runs and self.back.is_set()

    def client(self) -> None:
        while not self.complete():
            try:
                self._log_a_run()
            except track.TrackError as error:
                self.errors.append(str(error))
                time.sleep(0.2)
                self.back.wait(PATIENCE_SECONDS)

    def _log_a_run(self) -> None:
        values = {name: random.random() for name in ("auc", "loss", "seconds")}
        tags = {"ledger": self.name}
        with track.run("ledger", experiment=EXPERIMENT, tags=tags) as run:
            entry = Entry(run.id, time.time())
            self.entries.append(entry)
            for name, value in values.items():
                run.metrics({name: value})
                entry.metrics[name] = value
        entry.finished = time.time()


def differs(api: track.Api, entry: Entry) -> str:
    """What is missing of an entry; empty when everything is there."""
    try:
        run = api.call("GET", f"runs/get?run_id={entry.run_id}")["run"]
    except track.TrackError as error:
        return f"{entry.run_id}: {error}"
    found = {metric["key"]: metric["value"] for metric in run["data"].get("metrics", [])}
    lost = [name for name, value in entry.metrics.items() if found.get(name) != value]
    if lost:
        return f"{entry.run_id}: metrics {', '.join(lost)}"
    if entry.finished and run["info"]["status"] != "FINISHED":
        return f"{entry.run_id}: its end, it is {run['info']['status']}"
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.ledger")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--clients", type=int, default=8)
    options = parser.parse_args()
    api = endpoint.tracking()
    where = server.runtime()

    ledger = Ledger(options.runs)
    threads = [threading.Thread(target=ledger.client, daemon=True) for _ in range(options.clients)]
    began = time.time()
    for thread in threads:
        thread.start()
    if not ledger.half.wait(PATIENCE_SECONDS):
        raise SystemExit(f"error: the clients get nowhere: {ledger.errors[-1:] or 'too slow'}")
    ledger.back.clear()
    server.kill(where)
    killed = time.time()  # from here on nothing can have been acknowledged
    print(f"killed after {ledger.finished()} runs; starting it again")
    server.restart(where)
    back = time.time()
    ledger.back.set()
    for thread in threads:
        thread.join(max(0.0, back + PATIENCE_SECONDS - time.time()))
    ended = time.time()

    lost = [text for text in (differs(api, entry) for entry in ledger.entries) if text]
    report = {
        "ledger": ledger.name,
        "runtime": where,
        "clients": options.clients,
        "began": began,
        "killed": killed,
        "back": back,
        "ended": ended,
        "acknowledged": {
            "runs": len(ledger.entries),
            "metrics": sum(len(entry.metrics) for entry in ledger.entries),
            "ends": ledger.finished(),
            "ends before the kill": sum(0 < e.finished < killed for e in ledger.entries),
            "ends after the restart": sum(e.finished > back for e in ledger.entries),
        },
        "errors": len(ledger.errors),
        "lost": len(lost),
    }
    print(json.dumps(report, indent=2))
    for text in lost:
        print(f"lost: {text}", file=sys.stderr)
    report["entries"] = [asdict(entry) for entry in ledger.entries]
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    return 1 if lost or ledger.finished() < options.runs else 0


if __name__ == "__main__":
    sys.exit(main())

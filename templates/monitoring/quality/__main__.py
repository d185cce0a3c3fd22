"""python -m quality: reads what is new in the two files, and serves the live AUC as metrics."""

import json
import os
import time
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
from prometheus_client import Counter, Gauge, start_http_server

from quality.join import join
from train.data import auc

DATA = Path(os.environ.get("DATA_DIR", "data"))
SECONDS = 1.0
PREDICTIONS, OUTCOMES = 3000, 1500  # so many of the last ones are joined: about a minute
FEWEST = 100  # an AUC of fewer pairs is mostly chance

live_auc = Gauge("model_live_auc", "AUC of the answers whose outcome is known", ["version"])
pairs = Gauge("model_live_pairs", "Answers with a known outcome that it is made of", ["version"])
outcomes_read = Counter("model_outcomes", "Outcomes that were read")
newest = Gauge("model_last_outcome_timestamp_seconds", "When the last outcome came, since 1970")


class Lines:
    """The whole lines that were added to a file since the last look."""

    def __init__(self, file: Path) -> None:
        self.file, self.position = file, 0

    def new(self) -> list[dict[str, Any]]:
        try:
            with self.file.open("rb") as file:
                if file.seek(0, os.SEEK_END) < self.position:
                    self.position = 0  # a new file
                file.seek(self.position)
                text = file.read()
        except FileNotFoundError:
            return []
        whole = text[: text.rfind(b"\n") + 1]
        self.position += len(whole)
        return [json.loads(line) for line in whole.splitlines()]


def score(predictions: deque[dict[str, Any]], outcomes: deque[dict[str, Any]]) -> None:
    known = join(list(predictions), list(outcomes))
    live_auc.clear()  # a version that answers no more has no AUC any more
    for version, found in known.items():
        pairs.labels(version).set(len(found))
        answered = np.array([probability for probability, _ in found])
        happened = np.array([outcome for _, outcome in found])
        if len(found) >= FEWEST and 0 < happened.sum() < len(happened):
            live_auc.labels(version).set(auc(happened, answered))


def main() -> None:
    port = int(os.environ.get("QUALITY_PORT", "8000"))
    start_http_server(port, addr=os.environ.get("HOST", "127.0.0.1"))
    predictions, outcomes = Lines(DATA / "predictions.jsonl"), Lines(DATA / "outcomes.jsonl")
    answered: deque[dict[str, Any]] = deque(maxlen=PREDICTIONS)
    happened: deque[dict[str, Any]] = deque(maxlen=OUTCOMES)
    while True:
        answered.extend(predictions.new())
        found = outcomes.new()
        if found:
            happened.extend(found)
            outcomes_read.inc(len(found))
            newest.set_to_current_time()
        score(answered, happened)
        time.sleep(SECONDS)


if __name__ == "__main__":
    main()

"""A line for each prediction that has an id, so that its outcome can be joined later."""

import json
import os
import time
from pathlib import Path

FILE = Path(os.environ.get("DATA_DIR", "data"), "predictions.jsonl")
LARGEST = 50_000_000  # bytes; then a new file begins, and one old one is kept
LONGEST = 64  # characters of an id: callers choose it


def write(identity: str, version: str, probability: float) -> None:
    line = {
        "id": identity[:LONGEST],
        "at": round(time.time(), 3),
        "version": version,
        "probability": round(probability, 6),
    }
    FILE.parent.mkdir(exist_ok=True)
    with FILE.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
        size = file.tell()
    if size > LARGEST:
        FILE.replace(FILE.with_suffix(".old"))

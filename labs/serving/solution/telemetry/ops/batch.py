"""The nightly job: rates the day's deployments, without the server. python -m ops.batch FILE.csv

Cron starts it on some machine with an almost empty environment, so whatever it needs stands here.
"""

import argparse
import csv
import json
import os
import time
from pathlib import Path

# Read once, when the library is loaded: it must stand before the import.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime as ort

from features import FEATURES

REPORT = Path("reports/nightly.json")


def rate(model: Path, rows: list[dict[str, str]]) -> list[float]:
    """The probability of a rollback for each deployment."""
    session = ort.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    table = np.array([[row[name] for name in FEATURES] for row in rows], dtype=np.float32)
    return session.run(["probabilities"], {"features": table})[0][:, 1].tolist()


def main() -> None:
    parser = argparse.ArgumentParser(description="Rates the day's deployments.")
    parser.add_argument("file", type=Path, help="one deployment a row")
    parser.add_argument("--version", default="2", help="of the model (default 2)")
    parser.add_argument(
        "--seconds", type=float, default=0, help="go on as long, as a big file would"
    )
    options = parser.parse_args()

    with options.file.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    end = time.monotonic() + options.seconds
    ratings = rate(Path("models/rollback") / options.version / "model.onnx", rows)
    while time.monotonic() < end:
        time.sleep(0.2)
    report = {
        "deployments": len(rows),
        "risky": sum(rating > 0.5 for rating in ratings),
        "ratings": [round(rating, 4) for rating in ratings],
    }
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(report) + "\n", "utf-8")
    print(f"{report['deployments']} deployments rated, {report['risky']} of them risky: {REPORT}")


if __name__ == "__main__":
    main()

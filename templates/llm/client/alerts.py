"""Alerts with the right answers: a row each in data/*.csv."""

import csv
from pathlib import Path


def read(file: Path) -> list[tuple[str, dict[str, str | int]]]:
    """The text of each alert, and its four fields."""
    with file.open(newline="", encoding="utf-8") as rows:
        return [
            (
                row["alert"],
                {
                    "service": row["service"],
                    "environment": row["environment"],
                    "status": int(row["status"]),
                    "minutes": int(row["minutes"]),
                },
            )
            for row in csv.DictReader(rows)
        ]

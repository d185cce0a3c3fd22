"""Reads the limit off the table of reports/load.json, and states it in capacity.json."""

import json
from pathlib import Path

levels = json.loads(Path("reports/load.json").read_text("utf-8"))["levels"]
best = max(level["per_second"] for level in levels)
knee = next(level for level in levels if level["per_second"] >= 0.9 * best)
stated = {"callers": knee["concurrency"], "requests_per_second": round(knee["per_second"])}
Path("capacity.json").write_text(json.dumps(stated, indent=2) + "\n", "utf-8")
print(stated)

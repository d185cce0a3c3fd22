"""Writes into slo.json how many callers of the last table are within the objective."""

import json
from pathlib import Path

file = Path("slo.json")
slo = json.loads(file.read_text("utf-8"))
slo["callers"] = 0
for level in json.loads(Path("reports/load.json").read_text("utf-8"))["levels"]:
    if level["ttft_p95_ms"] > slo["ttft_p95_ms"] or level["itl_p95_ms"] > slo["itl_p95_ms"]:
        break
    slo["callers"] = level["callers"]
file.write_text(json.dumps(slo, indent=2) + "\n", "utf-8")
print(f"{slo['callers']} callers are within the objective")

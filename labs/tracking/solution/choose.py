"""Writes the candidate with the highest metric into choice.json: choose.py METRIC BUDGET_BYTES"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "verify"))
from lab import experiment, pairs, runs

metric, budget = sys.argv[1], float(sys.argv[2])
searches = runs(experiment(), "tags.purpose = 'search' and attributes.status = 'FINISHED'")
if not searches:
    raise SystemExit("error: no search has finished yet: python -m train.search")
parent = searches[0]["info"]["run_id"]
candidates = runs(
    experiment(), f"tags.`mlflow.parentRunId` = '{parent}' and tags.purpose = 'candidate'"
)
metrics = {run["info"]["run_id"]: pairs(run, "metrics") for run in candidates}
fitting = [run_id for run_id, values in metrics.items() if values["model_bytes"] <= budget]
best = max(fitting, key=lambda run_id: metrics[run_id][metric])
Path("choice.json").write_text(json.dumps({"run_id": best}, indent=2) + "\n", "utf-8")
print(f"{metric} {metrics[best][metric]:.4f}, {metrics[best]['model_bytes']:.0f} bytes: run {best}")

"""Logs a size once more; `undo` takes the search away, so that the next one is made anew."""

import sys
import time

sys.path.insert(0, ".mlops-lab/lab/verify")
from lab import call, choice, experiment, found, pairs, runs

run = found(f"runs/get?run_id={choice()}", "no run")["run"]
if sys.argv[1:] == ["undo"]:
    parent = pairs(run, "tags")["mlflow.parentRunId"]
    for one in [
        *runs(experiment(), f"tags.`mlflow.parentRunId` = '{parent}'"),
        run | {"info": {"run_id": parent}},
    ]:
        assert call("runs/delete", {"run_id": one["info"]["run_id"]})[0] == 200
else:
    wish = {"key": "model_bytes", "value": 20000, "timestamp": int(time.time() * 1000), "step": 1}
    assert call("runs/log-metric", wish | {"run_id": choice()})[0] == 200

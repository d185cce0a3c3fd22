import json
import sys

sys.path.insert(0, ".mlops-lab/lab/verify")
from lab import experiment, runs

import track

parent = runs(experiment(), "tags.purpose = 'search'")[0]["info"]["run_id"]
with track.run(
    "wonder", experiment="rollback", tags={"mlflow.parentRunId": parent, "purpose": "invented"}
) as run:
    run.metrics({"training_auc": 0.99, "validation_auc": 0.99, "model_bytes": 100})
json.dump({"run_id": run.id}, open("choice.json", "w"))

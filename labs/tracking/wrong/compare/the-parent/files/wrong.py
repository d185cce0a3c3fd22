import json
import sys

sys.path.insert(0, ".mlops-lab/lab/verify")
from lab import experiment, runs

json.dump(
    {"run_id": runs(experiment(), "tags.purpose = 'search'")[0]["info"]["run_id"]},
    open("choice.json", "w"),
)

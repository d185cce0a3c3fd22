"""Asks the model about one deployment, with what Python brings along."""

import json
import sys
from pathlib import Path
from urllib.request import Request, urlopen

from features import FEATURES
from ops.endpoint import api

deployment = json.loads(Path(sys.argv[1]).read_text("utf-8"))
row = [deployment[name] for name in FEATURES]
tensor = {"name": "features", "datatype": "FP32", "shape": [1, len(row)], "data": row}
body = json.dumps({"inputs": [tensor]}).encode()
with urlopen(Request(f"{api()}/v2/models/rollback/infer", body), timeout=10) as response:
    answer = json.load(response)
outputs = {output["name"]: output["data"] for output in answer["outputs"]}
found = {
    "rolled_back": outputs["label"][0] == 1,
    "probability": round(outputs["probabilities"][1], 3),
}
print(json.dumps(found | {"version": answer["model_version"]}))

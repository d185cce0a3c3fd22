import json
from pathlib import Path

path = max(Path("runs").glob("*/run.json"))
record = json.loads(path.read_text())
record["tasks"]["reject"] = "executed"
path.write_text(json.dumps(record))

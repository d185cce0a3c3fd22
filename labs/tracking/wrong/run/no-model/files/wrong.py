import subprocess

import track

subprocess.run(
    "git init -q && git add -A && git -c user.name=x -c user.email=x@x commit -qm x",
    shell=True,
    check=True,
)
head = subprocess.run(
    ["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True
).stdout.strip()
open("report.json", "w").write("{}")
with track.run(
    "train",
    experiment="rollback",
    params={"algorithm": "x", "rows": 1, "trees": 1, "depth": 1},
    tags={"purpose": "baseline", "git_revision": head},
) as run:
    run.metrics({"training_auc": 0.9, "validation_auc": 0.9})
    run.artifact("report.json")

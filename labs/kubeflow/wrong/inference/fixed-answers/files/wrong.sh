#!/bin/sh
# Puts another program into the container of the model server.
set -eu
python -m cluster.deploy
python - <<'PYTHON'
from pathlib import Path

import yaml

path = Path("k8s/serving/runtime.yaml")
runtime = yaml.safe_load(path.read_text("utf-8"))
program = Path("yes_man.py").read_text("utf-8")
runtime["spec"]["containers"][0]["command"] = ["python", "-c", program]
path.write_text(yaml.safe_dump(runtime), "utf-8")
PYTHON
kubectl apply --server-side -k k8s/serving
exec kubectl wait --for=condition=Ready --timeout=300s inferenceservice/rollback

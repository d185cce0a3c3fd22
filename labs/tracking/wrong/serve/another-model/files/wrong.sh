#!/bin/sh
# Deploys the champion, puts another model in its place, and starts the model server.
set -eu
if [ "${1:-}" = undo ]; then
  rm -rf models
  if [ "$MLOPS_LAB_RUNTIME" = compose ]; then
    docker compose --profile serve rm --stop --force model
  else
    kill "$(cat reports/model.pid)"
    while kill -0 "$(cat reports/model.pid)" 2>/dev/null; do sleep 0.1; done
  fi
  exit
fi
python -m ops.deploy
python - <<'PY'
import sys
from pathlib import Path

import mlflow

sys.path.insert(0, ".mlops-lab/lab/verify")
from lab import champion, experiment, runs

other = next(run for run in runs(experiment(), "tags.purpose = 'candidate'") if run["info"]["run_id"] != champion()["run_id"])
model = other["outputs"]["model_outputs"][0]["model_id"]
file = Path(mlflow.artifacts.download_artifacts(f"models:/{model}")) / "model.onnx"
Path("models/rollback", str(champion()["version"]), "model.onnx").write_bytes(file.read_bytes())
PY
if [ "$MLOPS_LAB_RUNTIME" = compose ]; then
  docker compose --profile serve up --detach --build model
else
  "$MLOPS_LAB" up --runtime local
fi
for _ in $(seq 60); do
  curl --fail --silent --output /dev/null "$MLOPS_LAB_ENDPOINT_MODEL/v2/health/ready" && exit
  sleep 0.5
done
echo "the model server did not start" >&2
exit 1

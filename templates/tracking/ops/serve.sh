#!/bin/sh
# The tracking server, lean: one worker, no job execution, no telemetry. Two processes.
set -eu
cd "$(dirname "$0")/.."
if [ ! -f .env ]; then
  echo "error: .env is missing (git does not keep it): mlops-lab up makes it, or:" \
    "cp .env.example .env" >&2
  exit 1
fi
set -a
# shellcheck source=/dev/null
. ./.env
set +a
: "${PORT:?is not set in .env: see .env.example}"
PATH=$PWD/.venv/bin:$PATH
STORE=sqlite:///mlflow.db

python -m ops.port "$PORT"
python -m ops.schema "$STORE"

mkdir -p reports
echo $$ >reports/server.pid # exec keeps the number
export MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false
# A worker that is busy for more than 5 seconds is not dead: 60. What one caller may cost:
# server/bounds.py
exec mlflow server --host 127.0.0.1 --port "$PORT" --workers 1 \
  --backend-store-uri "$STORE" --artifacts-destination ./mlartifacts \
  --uvicorn-opts "--timeout-worker-healthcheck 60 --http server.bounds:Bounded"

#!/bin/sh
# The environment is made by `up`; then a server by hand, and its number where the lean one writes
# its own.
set -eu
"$MLOPS_LAB" up --runtime local
"$MLOPS_LAB" down
mkdir -p reports
setsid mlflow server --host 127.0.0.1 --port "$PORT" --workers 2 --backend-store-uri sqlite:///mlflow.db \
  --artifacts-destination ./mlartifacts >reports/wrong.log 2>&1 </dev/null &
echo $! | tee reports/server.pid >.wrong.pid
# With its defaults a worker that is busy is taken for dead: only some answers in a row mean that it
# is up.
good=0
for _ in $(seq 360); do
  if curl --fail --silent --output /dev/null "$MLFLOW_TRACKING_URI/api/2.0/mlflow/experiments/search?max_results=1"; then
    good=$((good + 1))
    [ "$good" -lt 5 ] || exit 0
  else
    good=0
  fi
  sleep 0.5
done
echo "the server did not start" >&2
exit 1

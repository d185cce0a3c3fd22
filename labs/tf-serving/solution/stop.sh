#!/bin/sh
# Stops the server under load with ops/stop.sh, and brings it and its traffic back.
set -eu
python -m ops.traffic on
if [ "$MLOPS_LAB_RUNTIME" = compose ]; then
  python -m ops.stop -- sh ops/stop.sh docker compose stop server
else
  python -m ops.stop -- sh ops/stop.sh "$MLOPS_LAB" down
fi
"$MLOPS_LAB" up --runtime "$MLOPS_LAB_RUNTIME"
python -m ops.traffic on

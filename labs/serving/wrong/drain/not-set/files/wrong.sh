#!/bin/sh
# The experiment as it is, and the server up again.
set -eu
if [ "$MLOPS_LAB_RUNTIME" = compose ]; then
  python -m ops.drain -- docker compose stop server
else
  python -m ops.drain -- "$MLOPS_LAB" down
fi
"$MLOPS_LAB" up --runtime "$MLOPS_LAB_RUNTIME"

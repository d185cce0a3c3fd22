#!/bin/sh
# The drain is set and in force, and too short.
set -eu
unset DRAIN_SECONDS
sed 's/^DRAIN_SECONDS=.*/DRAIN_SECONDS=0.1/' .env >.env.new
mv .env.new .env
"$MLOPS_LAB" down
"$MLOPS_LAB" up --runtime "$MLOPS_LAB_RUNTIME"
if [ "$MLOPS_LAB_RUNTIME" = compose ]; then
  python -m ops.drain -- docker compose stop server
else
  python -m ops.drain -- "$MLOPS_LAB" down
fi
"$MLOPS_LAB" up --runtime "$MLOPS_LAB_RUNTIME"

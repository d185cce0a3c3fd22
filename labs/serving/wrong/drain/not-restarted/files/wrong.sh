#!/bin/sh
# The drain goes into .env, and the old process is stopped.
set -eu
sed 's/^DRAIN_SECONDS=.*/DRAIN_SECONDS=2/' .env >.env.new
mv .env.new .env
if [ "$MLOPS_LAB_RUNTIME" = compose ]; then
  python -m ops.drain -- docker compose stop server
else
  python -m ops.drain -- "$MLOPS_LAB" down
fi
"$MLOPS_LAB" up --runtime "$MLOPS_LAB_RUNTIME"

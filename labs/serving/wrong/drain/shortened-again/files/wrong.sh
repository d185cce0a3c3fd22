#!/bin/sh
# Long enough for the experiment, and then no longer.
set -eu
unset DRAIN_SECONDS
sed 's/^DRAIN_SECONDS=.*/DRAIN_SECONDS=2/' .env >.env.new
mv .env.new .env
"$MLOPS_LAB" down
"$MLOPS_LAB" up --runtime "$MLOPS_LAB_RUNTIME"
if [ "$MLOPS_LAB_RUNTIME" = compose ]; then
  python -m ops.drain -- docker compose stop server
else
  python -m ops.drain -- "$MLOPS_LAB" down
fi
sed 's/^DRAIN_SECONDS=.*/DRAIN_SECONDS=0.1/' .env >.env.new
mv .env.new .env
"$MLOPS_LAB" up --runtime "$MLOPS_LAB_RUNTIME"

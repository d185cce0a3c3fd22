#!/bin/sh
# Sets the drain, restarts the server with it, stops it under load, and brings it up again.
# 2 seconds are enough where nothing else keeps the machine busy.
set -eu
sed 's/^DRAIN_SECONDS=.*/DRAIN_SECONDS=4/' .env >.env.new
mv .env.new .env
unset DRAIN_SECONDS # as .env was when this script was started: it would win over the file

again() {
  "$MLOPS_LAB" up --runtime "$MLOPS_LAB_RUNTIME"
}
"$MLOPS_LAB" down
again
if [ "$MLOPS_LAB_RUNTIME" = compose ]; then
  python -m ops.drain -- docker compose stop server
else
  python -m ops.drain -- "$MLOPS_LAB" down
fi
again

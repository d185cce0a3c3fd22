#!/bin/sh
# The drain is set and in force, but the experiment stops nothing.
set -eu
sed 's/^DRAIN_SECONDS=.*/DRAIN_SECONDS=2/' .env >.env.new
mv .env.new .env
unset DRAIN_SECONDS
"$MLOPS_LAB" down
"$MLOPS_LAB" up --runtime "$MLOPS_LAB_RUNTIME"
python -m ops.drain -- true

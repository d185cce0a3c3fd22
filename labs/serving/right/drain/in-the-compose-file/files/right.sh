#!/bin/sh
# The setting is in compose.yaml already.
set -eu
"$MLOPS_LAB" down
"$MLOPS_LAB" up --runtime compose
python -m ops.drain -- docker compose stop
"$MLOPS_LAB" up --runtime compose

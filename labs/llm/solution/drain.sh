#!/bin/sh
# Sets the drain, starts the server with it, and restarts it in the middle of four answers.
set -eu
python .mlops-lab/lab/solution/set.py drain_seconds=60
"$MLOPS_LAB" restart server
python -m ops.drain -- "$MLOPS_LAB" restart server

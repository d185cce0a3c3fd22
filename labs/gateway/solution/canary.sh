#!/bin/sh
# Gives server-b a tenth of the traffic, sees one candidate refused, and keeps the other.
set -eu
python .mlops-lab/lab/solution/edit.py canary
"$MLOPS_LAB" restart gateway
if python -m ops.canary plain; then
  echo "error: the gate let plain through" >&2
  exit 1
fi
exec python -m ops.canary short

#!/bin/sh
# The drain of a careful operator; SIGTERM from a shell.
set -eu
sed 's/^DRAIN_SECONDS=.*/DRAIN_SECONDS=3.5/' .env >.env.new
mv .env.new .env
unset DRAIN_SECONDS
"$MLOPS_LAB" down
"$MLOPS_LAB" up
number=$("$MLOPS_LAB" status --json | sed -n 's/.*"place": "process \([0-9]*\)".*/\1/p')
python -m ops.drain -- sh -c "kill -TERM $number; while kill -0 $number 2>/dev/null; do sleep 0.1; done"
"$MLOPS_LAB" up

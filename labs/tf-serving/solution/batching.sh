#!/bin/sh
# Measures without batching, switches it on, and measures again.
set -eu
python -m ops.load
mv reports/load.json reports/load-single.json
sh .mlops-lab/lab/solution/flags.sh batching
sh .mlops-lab/lab/solution/anew.sh
python -m ops.load
mv reports/load.json reports/load-batched.json

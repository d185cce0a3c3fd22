#!/bin/sh
# Restarts the server: flags and most configuration files are read at the start. `up` alone would
# keep a container whose flags are the same.
set -eu
"$MLOPS_LAB" down
"$MLOPS_LAB" up --runtime "$MLOPS_LAB_RUNTIME"

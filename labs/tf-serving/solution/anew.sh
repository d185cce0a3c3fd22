#!/bin/sh
# Starts the server with the flags that it has by now. `up` makes a container anew when compose.yaml changed; a process is stopped first.
set -eu
[ "$MLOPS_LAB_RUNTIME" = compose ] || "$MLOPS_LAB" down
"$MLOPS_LAB" up --runtime "$MLOPS_LAB_RUNTIME"

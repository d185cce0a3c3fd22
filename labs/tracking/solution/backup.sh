#!/bin/sh
# Backup, an empty stack, restore.
set -eu
sh ops/backup.sh
if [ "$MLOPS_LAB_RUNTIME" = compose ]; then
  docker compose --profile serve down --volumes
  exec sh ops/restore.sh
fi
# An empty registry has no champion: the model server comes back last.
"$MLOPS_LAB" down --purge
sh .mlops-lab/lab/solution/model.sh off
"$MLOPS_LAB" up --runtime kubernetes
sh ops/restore.sh
sh .mlops-lab/lab/solution/model.sh on
exec "$MLOPS_LAB" up --runtime kubernetes

#!/bin/sh
# The job reads the model from this machine; in containers and pods it has to be copied out.
set -eu
if [ "$MLOPS_LAB_RUNTIME" = kubernetes ]; then
  kubectl exec --container server "deployment/<[ project_name ]>" -- tar -C /srv -cf - models |
    tar -xf -
fi
if [ "$MLOPS_LAB_RUNTIME" = compose ]; then
  docker compose cp server:/srv/models .
fi

#!/bin/sh
# The job reads the model from this machine; in containers it has to be copied out of the volume.
set -eu
if [ "$MLOPS_LAB_RUNTIME" = compose ]; then
  docker compose cp server:/srv/models .
fi

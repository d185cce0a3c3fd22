#!/bin/sh
# Fetches the champion and (re)starts the model server with it. On a cluster the pods fetch it
# themselves.
set -eu
case $MLOPS_LAB_RUNTIME in
  kubernetes)
    model=deployment/<[ project_name ]>-model
    sh .mlops-lab/lab/solution/model.sh on
    [ -z "$(kubectl get "$model" --ignore-not-found)" ] || kubectl rollout restart "$model"
    ;;
  compose)
    python -m ops.deploy
    sed 's/^COMPOSE_PROFILES=.*/COMPOSE_PROFILES=serve/' .env >.env.new
    chmod 600 .env.new
    mv .env.new .env
    unset COMPOSE_PROFILES # as .env was when this script was started: it would win over the file
    sh .mlops-lab/lab/solution/model.sh stop
    ;;
  *)
    python -m ops.deploy
    sh .mlops-lab/lab/solution/model.sh stop
    ;;
esac
exec "$MLOPS_LAB" up --runtime "$MLOPS_LAB_RUNTIME"

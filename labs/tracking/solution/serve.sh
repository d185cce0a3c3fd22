#!/bin/sh
# Fetches the champion and (re)starts the model server with it.
set -eu
python -m ops.deploy
if [ "$MLOPS_LAB_RUNTIME" = compose ]; then
  sed 's/^COMPOSE_PROFILES=.*/COMPOSE_PROFILES=serve/' .env >.env.new
  chmod 600 .env.new
  mv .env.new .env
  unset COMPOSE_PROFILES # as .env was when this script was started: it would win over the file
  docker compose rm --stop --force model
elif [ -f reports/model.pid ]; then
  kill "$(cat reports/model.pid)" 2>/dev/null && while kill -0 "$(cat reports/model.pid)" 2>/dev/null; do sleep 0.1; done
fi
exec "$MLOPS_LAB" up --runtime "$MLOPS_LAB_RUNTIME"

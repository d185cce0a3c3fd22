#!/bin/sh
# Deploys the champion, moves it to another number, and starts the model server.
set -eu
if [ "${1:-}" = undo ]; then
  rm -rf models
  if [ "$MLOPS_LAB_RUNTIME" = compose ]; then
    docker compose --profile serve rm --stop --force model
  else
    kill "$(cat reports/model.pid)"
    while kill -0 "$(cat reports/model.pid)" 2>/dev/null; do sleep 0.1; done
  fi
  exit
fi
python -m ops.deploy
mv models/rollback/* models/other
mv models/other models/rollback/77
echo '{ "rollback": { "77": 100 } }' >config/routing.json
if [ "$MLOPS_LAB_RUNTIME" = compose ]; then
  docker compose --profile serve up --detach --build model
else
  "$MLOPS_LAB" up --runtime local
fi
for _ in $(seq 60); do
  curl --fail --silent --output /dev/null "$MLOPS_LAB_ENDPOINT_MODEL/v2/health/ready" && exit
  sleep 0.5
done
echo "the model server did not start" >&2
exit 1

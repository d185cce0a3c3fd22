#!/bin/sh
# Writes the names that MLflow answers to into .env, and starts it again with them: hosts.sh NAMES
set -eu
sed "s/^MLFLOW_SERVER_ALLOWED_HOSTS=.*/MLFLOW_SERVER_ALLOWED_HOSTS=$1/" .env >.env.new
chmod 600 .env.new
mv .env.new .env
unset MLFLOW_SERVER_ALLOWED_HOSTS # as .env was when this script was started: it would win over the file

if [ "$MLOPS_LAB_RUNTIME" = compose ]; then
  docker compose up --detach --no-deps mlflow
  exec "$MLOPS_LAB" up --runtime compose
fi
"$MLOPS_LAB" down
exec "$MLOPS_LAB" up --runtime local

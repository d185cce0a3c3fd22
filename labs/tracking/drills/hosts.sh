#!/bin/sh
# Lets MLflow answer to these names besides its own, and starts it again with them: hosts.sh NAMES
set -eu
file=.env own="mlflow:*,gateway:*"
[ "$MLOPS_LAB_RUNTIME" != kubernetes ] || file=k8s/base/mlflow.env own='<[ project_name ]>,<[ project_name ]>:*'
names="localhost,localhost:*,127.0.0.1,127.0.0.1:*,${1:+$1,}$own"
cp -p "$file" "$file.new" # as private as it is
sed "s/^MLFLOW_SERVER_ALLOWED_HOSTS=.*/MLFLOW_SERVER_ALLOWED_HOSTS=$names/" "$file" >"$file.new"
mv "$file.new" "$file"
unset MLFLOW_SERVER_ALLOWED_HOSTS # as .env was when this script was started: it would win over the file

case $MLOPS_LAB_RUNTIME in
  compose) docker compose up --detach --no-deps mlflow ;;
  local) "$MLOPS_LAB" down ;;
esac
exec "$MLOPS_LAB" up --runtime "$MLOPS_LAB_RUNTIME"

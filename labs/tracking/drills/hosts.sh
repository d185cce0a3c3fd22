#!/bin/sh
# Sets the names that MLflow answers to and restarts it: hosts.sh forget | add NAMES | apply
# `forget` keeps only its own names, `add` adds to those that it has, `apply` takes the file as it
# is.
set -eu
file=.env own="mlflow:*,gateway:*"
[ "$MLOPS_LAB_RUNTIME" != kubernetes ] || file=k8s/base/mlflow.env own='<[ project_name ]>,<[ project_name ]>:*'
case $1 in
  forget) edit="s/^\(MLFLOW_SERVER_ALLOWED_HOSTS=\).*/\1localhost,localhost:*,127.0.0.1,127.0.0.1:*,$own/" ;;
  add) edit="s/^MLFLOW_SERVER_ALLOWED_HOSTS=.*/&,$2/" ;;
  *) edit= ;;
esac
cp -p "$file" "$file.new" # as private as it is
sed "$edit" "$file" >"$file.new"
mv "$file.new" "$file"
unset MLFLOW_SERVER_ALLOWED_HOSTS # as .env was when this script was started: it would win over the file
exec "$MLOPS_LAB" up --runtime "$MLOPS_LAB_RUNTIME"

#!/bin/sh
# Sets the names that MLflow answers to and restarts it: hosts.sh forget | add NAMES | apply
# `forget` keeps only its own names, `add` adds to those that it has, `apply` takes the file as it
# is.
set -eu
file=.env own="mlflow:*,gateway:*"
if [ "$MLOPS_LAB_RUNTIME" = kubernetes ]; then
  file=k8s/base/mlflow.env own='<[ project_name ]>,<[ project_name ]>:*'
fi
own="localhost,localhost:*,127.0.0.1,127.0.0.1:*,$own"
case $1 in
  forget) edit="s/^\(MLFLOW_SERVER_ALLOWED_HOSTS=\).*/\1$own/" ;;
  add) edit="s/^MLFLOW_SERVER_ALLOWED_HOSTS=.*/&,$2/" ;;
  *) edit= ;;
esac
cp -p "$file" "$file.new" # as private as it is
sed "$edit" "$file" >"$file.new"
mv "$file.new" "$file"
# Its value is the one of .env when this script was started, and it would win over the file.
unset MLFLOW_SERVER_ALLOWED_HOSTS
exec "$MLOPS_LAB" up --runtime "$MLOPS_LAB_RUNTIME"

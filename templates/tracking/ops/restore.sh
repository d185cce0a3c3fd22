#!/bin/sh
# Brings backup/ into an empty database and an empty store: nothing that is there is ever written
# over.
set -eu
cd "$(dirname "$0")/.."

if [ ! -f backup/manifest.json ]; then
  echo "error: there is no backup/: sh ops/backup.sh makes it" >&2
  exit 1
fi
. ops/inside.sh
lab=${MLOPS_LAB:-$(command -v mlops-lab || true)}

ask() {
  inside db psql --username=mlflow --tuples-only --no-align --command="$1"
}
refuse() {
  echo "error: $1, and a restore is for an empty one." >&2
  echo "hint: if nothing in there is wanted any more: $2" >&2
  exit 1
}
database() {
  inside db pg_restore --username=mlflow --dbname=mlflow --no-owner --exit-on-error \
    <backup/database.dump
}

if [ "$where" = compose ]; then
  # Only the database and the store: a server that starts before them would make tables of its own.
  docker compose build --quiet
  docker compose up --detach db store
  tries=0
  until inside db pg_isready --quiet --host=127.0.0.1 --username=mlflow; do
    tries=$((tries + 1))
    if [ "$tries" -ge 120 ]; then
      echo "error: the database does not come up: docker compose logs db" >&2
      exit 1
    fi
    sleep 0.5
  done
  tables=$(ask "select count(*) from information_schema.tables where table_schema = 'public'")
  [ "$tables" = 0 ] ||
    refuse "the database has $tables tables already" "docker compose --profile serve down --volumes"
  database
  docker compose run --rm --no-deps --no-TTY mlflow python -m ops.objects load <backup/artifacts.tar
  # The rest, by the tool where there is one.
  if [ -n "$lab" ] && [ -d .mlops-lab ]; then
    "$lab" up --runtime compose
  else
    docker compose up --detach
  fi
else
  # A cluster brings up all at once, so the server has made its tables. They go, if nobody has used
  # them.
  runs=$(ask "select count(*) from runs")
  [ "$runs" = 0 ] ||
    refuse "the database has $runs runs already" "mlops-lab down --purge, then mlops-lab up"
  inside mlflow python -m ops.objects load <backup/artifacts.tar
  server=deployment/<[ project_name ]>-mlflow
  python -m ops.cluster scale "$server" --replicas=0
  python -m ops.cluster wait pods --selector=app.kubernetes.io/name=<[ project_name ]>-mlflow \
    --for=delete --timeout=120s
  inside db dropdb --username=mlflow --force mlflow
  inside db createdb --username=mlflow mlflow
  database
  python -m ops.cluster scale "$server" --replicas=1
  python -m ops.cluster rollout status "$server" --timeout=300s
fi
inside mlflow python -m ops.objects compare <backup/manifest.json

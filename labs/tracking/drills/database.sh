#!/bin/sh
# The database alone: database.sh stop | start
set -eu
db=<[ project_name ]>-db
case $MLOPS_LAB_RUNTIME-$1 in
  kubernetes-stop)
    kubectl scale "statefulset/$db" --replicas=0
    exec kubectl wait "pod/$db-0" --for=delete --timeout=120s
    ;;
  kubernetes-start) ;; # what `up` applies has one
  *) docker compose "$1" db ;;
esac
[ "$1" = stop ] || exec "$MLOPS_LAB" up --runtime "$MLOPS_LAB_RUNTIME"

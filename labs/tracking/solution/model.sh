#!/bin/sh
# The model server: model.sh on | off in the cluster's manifests, start | stop elsewhere
set -eu
file=k8s/overlays/local/kustomization.yaml
case $1-$MLOPS_LAB_RUNTIME in
  on-*)
    sed 's/^# *\(components: .*model\]\)/\1/' "$file" >"$file.new"
    mv "$file.new" "$file"
    ;;
  off-*)
    sed 's/^\(components: .*model\]\)/# \1/' "$file" >"$file.new"
    mv "$file.new" "$file"
    ;;
  start-compose)
    docker compose --profile serve up --detach --build --wait --wait-timeout 60 model
    ;;
  start-*) "$MLOPS_LAB" up --runtime "$MLOPS_LAB_RUNTIME" ;;
  stop-compose) docker compose --profile serve rm --stop --force model ;;
  stop-*)
    [ -f reports/model.pid ] || exit 0
    pid=$(cat reports/model.pid)
    kill "$pid" 2>/dev/null || exit 0
    for _ in $(seq 300); do
      kill -0 "$pid" 2>/dev/null || exit 0
      sleep 0.1
    done
    echo "error: the model server, process $pid, still runs after 30 s" >&2
    exit 1
    ;;
esac

#!/bin/sh
set -eu
run=$(python -m cluster.submit --set trees=20 | sed -n 's/^run //p')
python -m cluster.deploy "$run"
kubectl apply --server-side -k k8s/serving
exec kubectl wait --for=condition=Ready --timeout=300s inferenceservice/rollback

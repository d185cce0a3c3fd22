#!/bin/sh
set -eu
kubectl apply --server-side -k k8s/training
exec kubectl wait --for=condition=Complete --timeout=600s trainjob/rollback

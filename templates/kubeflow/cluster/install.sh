#!/bin/sh
# Brings KServe and Trainer to a cluster: sh cluster/install.sh CONTEXT. Once for each cluster: what
# they install belongs to all of it, so the cluster is named and never the one that kubectl happens
# to work with. Server-side, because their definitions are too long for the annotation that a
# client-side apply writes.
set -eu

if [ $# -ne 1 ]; then
  echo "usage: sh cluster/install.sh CONTEXT    (kubectl config get-contexts lists them)" >&2
  exit 2
fi
context=$1

cert_manager=v1.17.0 # KServe's webhook has its certificate from it
kserve=v0.20.0
trainer=v2.3.0 # brings JobSet v0.12.0

kubectl --context "$context" apply --server-side -f "https://github.com/cert-manager/cert-manager/releases/download/$cert_manager/cert-manager.yaml"
kubectl --context "$context" --namespace cert-manager wait --for=condition=Available --timeout=300s deployment --all

# The release's file, not the folder of the tag: what is in that folder asks for images called
# `latest`.
kubectl --context "$context" apply --server-side -f "https://github.com/kserve/kserve/releases/download/$kserve/kserve.yaml"
kubectl --context "$context" --namespace kserve wait --for=condition=Available --timeout=300s deployment --all

kubectl --context "$context" apply --server-side -k "https://github.com/kubeflow/trainer.git/manifests/overlays/manager?ref=$trainer"
kubectl --context "$context" --namespace kubeflow-system wait --for=condition=Available --timeout=300s deployment --all

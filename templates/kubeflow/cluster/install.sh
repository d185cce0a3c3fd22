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

apply() {
  kubectl --context "$context" apply --server-side "$@"
}
wait_for() {
  kubectl --context "$context" --namespace "$1" wait --for=condition=Available --timeout=300s \
    deployment --all
}

releases=https://github.com/cert-manager/cert-manager/releases/download
apply -f "$releases/$cert_manager/cert-manager.yaml"
wait_for cert-manager

# The release's file, not the folder of the tag: what is in that folder names images called
# `latest`.
apply -f "https://github.com/kserve/kserve/releases/download/$kserve/kserve.yaml"
wait_for kserve

apply -k "https://github.com/kubeflow/trainer.git/manifests/overlays/manager?ref=$trainer"
wait_for kubeflow-system

#!/bin/sh
# Brings KServe and Trainer to the cluster of the current context. Once for each cluster: what they install belongs to
# all of it. Server-side, because their definitions are too long for the annotation that a client-side apply writes.
set -eu

cert_manager=v1.17.0 # KServe's webhook has its certificate from it
kserve=v0.20.0
trainer=v2.3.0 # brings JobSet v0.12.0

echo "to the context $(kubectl config current-context)"

kubectl apply --server-side -f "https://github.com/cert-manager/cert-manager/releases/download/$cert_manager/cert-manager.yaml"
kubectl --namespace cert-manager wait --for=condition=Available --timeout=300s deployment --all

# The release's file, not the folder of the tag: what is in that folder asks for images called `latest`.
kubectl apply --server-side -f "https://github.com/kserve/kserve/releases/download/$kserve/kserve.yaml"
kubectl --namespace kserve wait --for=condition=Available --timeout=300s deployment --all

kubectl apply --server-side -k "https://github.com/kubeflow/trainer.git/manifests/overlays/manager?ref=$trainer"
kubectl --namespace kubeflow-system wait --for=condition=Available --timeout=300s deployment --all

#!/bin/sh
# Which context and namespace a plain kubectl means, and what it finds there.
set -eu
kubectl config current-context
kubectl config view --minify --output='jsonpath={..namespace} '
kubectl get deployments --output='jsonpath={.items[*].metadata.name}'

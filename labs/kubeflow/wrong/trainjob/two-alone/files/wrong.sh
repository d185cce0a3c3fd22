#!/bin/sh
# Two nodes, and each process believes to be the only one.
set -eu
sed -e 's/numNodes: 1/numNodes: 2/' k8s/training/job.yaml >.wrong.yaml
mv .wrong.yaml k8s/training/job.yaml
cat >>k8s/training/job.yaml <<'YAML'
    command: [sh, -c, "PET_NNODES=1 PET_NODE_RANK=0 exec python -m cluster.allreduce"]
YAML
kubectl apply --server-side -k k8s/training
exec kubectl wait --for=condition=Complete --timeout=600s trainjob/rollback

#!/bin/sh
set -eu
sed -e 's/numNodes: 1/numNodes: 2/' k8s/training/job.yaml >.wrong.yaml
mv .wrong.yaml k8s/training/job.yaml
cat >>k8s/training/job.yaml <<'YAML'
    command:
      - sh
      - -c
      - |
        printf '{"rank": %s, "world": 2, "rows": 3000, "exchanged_bytes": 44000, "auc": 0.84, "weights": [1, 0, 0.7, -0.6, 0.1, 0.2, 0.7, -0.3, -1.3]}\n' "$PET_NODE_RANK"
YAML
kubectl apply --server-side -k k8s/training
exec kubectl wait --for=condition=Complete --timeout=600s trainjob/rollback

"""Has one training run on two pods, and found what a training on one would find?"""

import json
import sys
from typing import Any

import numpy as np
from kube import IMAGE, condition, get, kubectl
from verdict import not_yet

sys.path.insert(0, ".")
from train.data import HOLDOUT_SEED, TRAIN_SEED, auc, make

NAME = "rollback"
NODES = 2
COMMAND = ["python", "-m", "cluster.allreduce"]
ROWS, STEPS, RATE = 6000, 300, 1.0


def reference() -> tuple[list[float], float]:
    """The same training with all rows in one place. Not the lab's own code: that can be changed."""
    past, aside = make(ROWS, TRAIN_SEED), make(ROWS, HOLDOUT_SEED)
    features = np.log1p(past.features.astype(np.float64))
    mean, spread = features.mean(axis=0), features.std(axis=0)
    table = np.column_stack([(features - mean) / spread, np.ones(ROWS)])
    weights = np.zeros(table.shape[1])
    for _ in range(STEPS):
        missed = 1 / (1 + np.exp(-table @ weights)) - past.rolled_back
        weights -= RATE * table.T @ missed / ROWS
    scaled = (np.log1p(aside.features.astype(np.float64)) - mean) / spread
    guess = np.column_stack([scaled, np.ones(ROWS)]) @ weights
    return weights.tolist(), auc(aside.rolled_back, guess)


def job() -> dict[str, Any]:
    found = get("trainjobs.trainer.kubeflow.org", NAME)
    if found is None:
        not_yet(f"there is no TrainJob {NAME}")
    nodes = (found["spec"].get("trainer") or {}).get("numNodes")
    if nodes != NODES:
        not_yet(f"the TrainJob is for {nodes or 'one'} node, not {NODES}")
    failed = condition(found, "Failed")
    if failed.get("status") == "True":
        not_yet(f"the TrainJob has failed: {failed.get('message') or failed.get('reason')}")
    if condition(found, "Complete").get("status") != "True":
        not_yet("the TrainJob is not complete")
    return found


def pods() -> list[dict[str, Any]]:
    """The pods of the job, by their number in it."""
    listed = get("pods", f"--selector=jobset.sigs.k8s.io/jobset-name={NAME}") or {}
    every = listed.get("items", [])
    if not every:
        not_yet("the TrainJob is complete, and its pods are gone: make it once more")
    done = [pod for pod in every if pod.get("status", {}).get("phase") == "Succeeded"]
    label = "batch.kubernetes.io/job-completion-index"
    numbers = sorted(pod["metadata"].get("labels", {}).get(label, "") for pod in done)
    if numbers != [str(number) for number in range(NODES)]:
        not_yet(
            f"the pods that have ended well are number {', '.join(numbers) or 'none'}, not 0 and 1"
        )
    for pod in done:
        (container, *_) = pod["spec"]["containers"]
        runs = [*container.get("command", []), *container.get("args", [])]
        if container["image"] != IMAGE or runs != COMMAND:
            not_yet(f"pod {pod['metadata']['name']} runs {' '.join(runs)} of {container['image']}")
    return sorted(done, key=lambda pod: pod["metadata"]["labels"][label])


def said(pod: dict[str, Any]) -> dict[str, Any]:
    """The result that a pod has printed."""
    name = pod["metadata"]["name"]
    lines = (kubectl("logs", name) or "").strip().splitlines()
    try:
        result = json.loads(lines[-1])
        result["weights"] = [float(weight) for weight in result["weights"]]
        result["auc"] = float(result["auc"])
    except (IndexError, ValueError, TypeError, KeyError):
        not_yet(
            f"pod {name} has not printed a result, but: {lines[-1][:120] if lines else 'nothing'}"
        )
    return result


def main() -> None:
    job()
    results = [said(pod) for pod in pods()]
    weights, score = reference()
    for rank, result in enumerate(results):
        if (result.get("rank"), result.get("world")) != (rank, NODES):
            not_yet(
                f"pod {rank} claims to be process {result.get('rank')} of {result.get('world')}"
            )
        if result.get("rows") != ROWS // NODES:
            not_yet(
                f"pod {rank} had {result.get('rows')} rows, not {ROWS // NODES}: nothing was shared"
            )
        if not result.get("exchanged_bytes"):
            not_yet(f"pod {rank} has exchanged nothing with the other")
        if len(result["weights"]) != len(weights):
            not_yet(f"pod {rank} has {len(result['weights'])} weights, not {len(weights)}")
        apart = np.abs(np.array(result["weights"]) - weights).max()
        if not apart < 1e-6:  # so that a NaN is not close to anything
            not_yet(
                f"the weights of pod {rank} differ from those of a training with all rows "
                f"by up to {apart:.6f}"
            )
        if not abs(result["auc"] - score) < 1e-5:
            not_yet(
                f"pod {rank} reports an AUC of {result['auc']}, and its weights have {score:.6f}"
            )
    print(f"{NODES} pods, {ROWS} rows, AUC {score:.4f}")


if __name__ == "__main__":
    main()

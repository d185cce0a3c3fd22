"""Tries a few settings and records each as a run below one parent: python -m train.search

Which candidate is the best is yours to decide: compare the runs, and write choice.json.
"""

import sys

import mlflow

from ops import endpoint
from train.model import EXPERIMENT, Settings, fit, log, training_data, validation_data

BUDGET_BYTES = 32 * 1024  # what the machines that will run the model have left for it

CANDIDATES = {
    "stumps": Settings(trees=40, depth=1, learning_rate=0.3),
    "pairs": Settings(trees=40, depth=2),
    "triples": Settings(trees=40, depth=3),
    "many-pairs": Settings(trees=160, depth=2),
    "baseline": Settings(trees=80, depth=3),
    "few-but-deep": Settings(trees=6, depth=6, learning_rate=0.5),
    "deep": Settings(trees=80, depth=8),
}


def main() -> int:
    endpoint.tracking()
    mlflow.set_experiment(EXPERIMENT)
    train, validation = training_data(), validation_data()
    with mlflow.start_run(run_name="search", tags={"purpose": "search"}) as parent:
        mlflow.log_params({"budget_bytes": BUDGET_BYTES, "candidates": len(CANDIDATES)})
        for name, settings in CANDIDATES.items():
            with mlflow.start_run(run_name=name, nested=True, tags={"purpose": "candidate"}) as run:
                log(settings, fit(settings, train), train, validation)
            print(f"{run.info.run_id}  {name}")
    print(f"{parent.info.run_id}  search: the parent of these {len(CANDIDATES)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Trains a model and records the run: python -m train [--trees N] [--depth N]

Recorded are what went in (parameters), what came out (metrics, artifacts) and the model.
"""

import argparse
import subprocess
import sys

import mlflow
import numpy as np
from numpy.typing import NDArray

from ops import endpoint
from train.model import (
    EXPERIMENT,
    Settings,
    fit,
    log,
    probabilities,
    training_data,
    validation_data,
)


def confusion(actual: NDArray[np.int64], predicted: NDArray[np.int64]) -> dict[str, int]:
    """The four kinds of answers: right and wrong, for each outcome."""
    return {
        "stayed, said so": int(((actual == 0) & (predicted == 0)).sum()),
        "stayed, false alarm": int(((actual == 0) & (predicted == 1)).sum()),
        "rolled back, missed": int(((actual == 1) & (predicted == 0)).sum()),
        "rolled back, said so": int(((actual == 1) & (predicted == 1)).sum()),
    }


def revision() -> str:
    """The commit that is trained from. Git's own error has the reason, when there is none."""
    asked = ["git", "rev-parse", "HEAD"]
    return subprocess.run(asked, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m train")
    parser.add_argument("--trees", type=int, default=80)
    parser.add_argument("--depth", type=int, default=3)
    settings = Settings(**vars(parser.parse_args()))
    server = endpoint.tracking()

    mlflow.set_experiment(EXPERIMENT)
    tags = {"purpose": "baseline", "git_revision": revision()}
    with mlflow.start_run(run_name="train", tags=tags) as run:
        train, validation = training_data(), validation_data()
        model = fit(settings, train)
        info = log(settings, model, train, validation)
        table = confusion(
            validation.rolled_back, (probabilities(model, validation) >= 0.5).astype(np.int64)
        )
        report = {
            "rows": len(validation.rolled_back),
            "rolled_back": int(validation.rolled_back.sum()),
            "threshold": 0.5,
            "confusion": table,
        }
        mlflow.log_dict(report, "report.json")
        lines = ["outcome,deployments", *(f'"{kind}",{count}' for kind, count in table.items())]
        mlflow.log_text("\n".join(lines) + "\n", "confusion.csv")

    print(f"run   {run.info.run_id}")
    print(f"model {info.model_id}")
    print(f"see   {server.uri}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

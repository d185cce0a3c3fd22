"""Registers the run that you chose, and makes it the champion: python -m ops.register

The run is in choice.json. A run that is registered already keeps its version.
"""

import json
import sys
from pathlib import Path

import mlflow
from mlflow.client import MlflowClient

from ops import endpoint
from ops.registry import ALIAS, MODEL, logged_model

CHOICE = Path("choice.json")


def chosen() -> str:
    try:
        return str(json.loads(CHOICE.read_text("utf-8"))["run_id"])
    except (OSError, ValueError, KeyError, TypeError):
        raise SystemExit(f'error: {CHOICE} must name a run: {{"run_id": "..."}}') from None


def register(run_id: str) -> str:
    """The version of the run's model: the one that it has, or a new one."""
    model = logged_model(run_id)
    known = f"name = '{MODEL}' and run_id = '{run_id}'"
    for version in MlflowClient().search_model_versions(known):
        return version.version
    return mlflow.register_model(f"models:/{model.model_id}", MODEL).version


def main() -> int:
    endpoint.tracking()
    run_id = chosen()
    version = register(run_id)
    MlflowClient().set_registered_model_alias(MODEL, ALIAS, version)
    print(f"{MODEL} version {version} is {ALIAS}: the model of run {run_id}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

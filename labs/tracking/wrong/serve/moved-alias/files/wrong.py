"""Moves the alias to the model of another candidate; `undo` moves it back."""

import sys

import mlflow
from mlflow import MlflowClient

sys.path.insert(0, ".mlops-lab/lab/verify")
from lab import champion, choice, experiment, logged_model, runs

client = MlflowClient()
if sys.argv[1:] == ["undo"]:
    moved = champion()["version"]
    own = client.search_model_versions(f"name = 'rollback' and run_id = '{choice()}'")[0].version
    client.set_registered_model_alias("rollback", "champion", own)
    client.delete_model_version("rollback", moved)
else:
    other = next(
        run
        for run in runs(experiment(), "tags.purpose = 'candidate'")
        if run["info"]["run_id"] != choice()
    )
    version = mlflow.register_model(f"models:/{logged_model(other)}", "rollback")
    client.set_registered_model_alias("rollback", "champion", version.version)

import sys

from mlflow import MlflowClient

sys.path.insert(0, ".mlops-lab/lab/verify")
from lab import choice, found

run = found(f"runs/get?run_id={choice()}", "no run")["run"]
client = MlflowClient()
client.create_registered_model("rollback")
version = client.create_model_version(
    "rollback", run["info"]["artifact_uri"] + "/nothing", run_id=choice()
)
client.set_registered_model_alias("rollback", "champion", version.version)

"""An official MLflow client of any version since 2 logs a run and reads it back.

Prints its version and `ok`.
"""

import hashlib
import os
import tempfile
from pathlib import Path

import mlflow
from mlflow import MlflowClient

client = MlflowClient()
name = f"client-{mlflow.__version__}"
experiment = client.get_experiment_by_name(name)
experiment_id = experiment.experiment_id if experiment else client.create_experiment(name)
content = os.urandom(100_000)

run_id = client.create_run(experiment_id, tags={"by": name}).info.run_id
client.log_param(run_id, "depth", 3)
values = [0.5, 0.625, 0.75]  # each exact in binary
for step, value in enumerate(values):
    client.log_metric(run_id, "auc", value, step=step)
with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "model.bin"
    file.write_bytes(content)
    client.log_artifact(run_id, str(file), "model")
client.set_terminated(run_id)

(found,) = client.search_runs(
    [experiment_id], f"tags.by = '{name}' and attributes.run_id = '{run_id}'"
)
assert found.info.status == "FINISHED", found.info.status
assert found.data.params == {"depth": "3"}, found.data.params
assert [metric.value for metric in client.get_metric_history(run_id, "auc")] == values
assert [item.path for item in client.list_artifacts(run_id, "model")] == ["model/model.bin"]
with tempfile.TemporaryDirectory() as folder:
    back = Path(client.download_artifacts(run_id, "model/model.bin", folder)).read_bytes()
assert hashlib.sha256(back).digest() == hashlib.sha256(content).digest()
print(mlflow.__version__, "ok")

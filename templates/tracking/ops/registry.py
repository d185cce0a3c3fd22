"""The registry: which version of the model is the champion, and whether it is whole."""

from mlflow.client import MlflowClient
from mlflow.entities import LoggedModel, LoggedModelStatus
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

MODEL = "rollback"
ALIAS = "champion"


def champion() -> ModelVersion:
    """The version that the alias points to now."""
    try:
        return MlflowClient().get_model_version_by_alias(MODEL, ALIAS)
    except MlflowException as error:
        raise SystemExit(f"error: no {MODEL}@{ALIAS} in the registry: {error.message}") from None


def logged_model(run_id: str) -> LoggedModel:
    """The model that a run logged, if it is whole.

    The registry does not look: a version is listed, and takes an alias, although the upload of its
    model failed half way.
    """
    client = MlflowClient()
    try:
        outputs = client.get_run(run_id).outputs
    except MlflowException as error:
        raise SystemExit(f"error: the run {run_id!r}: {error.message}") from None
    if not outputs or not outputs.model_outputs:
        raise SystemExit(f"error: the run {run_id} logged no model")
    model = client.get_logged_model(outputs.model_outputs[0].model_id)
    if model.status != LoggedModelStatus.READY:
        raise SystemExit(f"error: the model {model.model_id} is {model.status}, not READY")
    return model

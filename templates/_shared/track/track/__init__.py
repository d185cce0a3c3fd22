"""Logs a run to an MLflow server with the standard library alone.

    with track.run("train", experiment="rollback", params={"depth": 3}) as run:
        run.metrics({"auc": 0.84})
        run.artifact("report.json")

The server is the one at MLFLOW_TRACKING_URI. Where that is not set, nothing is sent and nothing
fails. Where it is, every call returns after the server has acknowledged it, or raises TrackError.
"""

import contextlib
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from track.api import Api, TrackError

__all__ = ["Api", "Run", "TrackError", "run"]

BATCH = 100  # entries in one request: what the server takes of parameters and of tags


class Run:
    """A run of a server, or of none: then its `id` is empty and its methods do nothing."""

    def __init__(self, api: Api | None, run_id: str = "", artifact_uri: str = "") -> None:
        self.id = run_id
        self._api = api
        self._artifact_uri = artifact_uri

    def params(self, values: Mapping[str, object]) -> None:
        self._batch("params", [{"key": key, "value": str(value)} for key, value in values.items()])

    def tags(self, values: Mapping[str, object]) -> None:
        self._batch("tags", _tags(values))

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        now = _now()
        entries = [
            {"key": key, "value": float(value), "timestamp": now, "step": step}
            for key, value in values.items()
        ]
        self._batch("metrics", entries)

    def artifact(self, file: str | Path, folder: str = "") -> None:
        """Stores a file with the run, through the server: only that knows where the store is."""
        if self._api is None:
            return
        scheme, _, root = self._artifact_uri.partition(":")
        if scheme != "mlflow-artifacts":
            raise TrackError(
                f"the server wants artifacts to be sent to {self._artifact_uri} directly; "
                "start it with --artifacts-destination, so that it passes them on"
            )
        parts = [root.removeprefix("//").strip("/"), folder.strip("/"), Path(file).name]
        path = quote("/".join(part for part in parts if part))
        self._api.upload(f"/api/2.0/mlflow-artifacts/artifacts/{path}", Path(file))

    def finish(self, status: str) -> None:
        if self._api is not None:
            body = {"run_id": self.id, "status": status, "end_time": _now()}
            self._api.call("POST", "runs/update", body)

    def _batch(self, kind: str, entries: list[dict[str, object]]) -> None:
        if self._api is None:
            return
        for start in range(0, len(entries), BATCH):
            body = {"run_id": self.id, kind: entries[start : start + BATCH]}
            self._api.call("POST", "runs/log-batch", body)


@contextlib.contextmanager
def run(
    name: str,
    *,
    experiment: str,
    params: Mapping[str, object] | None = None,
    tags: Mapping[str, object] | None = None,
) -> Iterator[Run]:
    """A run that ends with the block: FINISHED, or FAILED when the block raises."""
    api = Api.from_environment()
    started = _start(api, name, experiment, tags or {}) if api else Run(None)
    try:
        started.params(params or {})
        yield started
    except BaseException as error:
        # What went wrong in the block is what the caller must see, not that this failed, too.
        with contextlib.suppress(TrackError):
            started.finish("FAILED" if isinstance(error, Exception) else "KILLED")
        raise
    started.finish("FINISHED")


def _start(api: Api, name: str, experiment: str, tags: Mapping[str, object]) -> Run:
    body = {
        "experiment_id": _experiment(api, experiment),
        "run_name": name,
        "start_time": _now(),
        "tags": _tags(tags),
    }
    info = api.call("POST", "runs/create", body)["run"]["info"]
    return Run(api, info["run_id"], info["artifact_uri"])


def _experiment(api: Api, name: str) -> str:
    """The experiment's id; it is created where it is missing, by the first caller."""
    path = f"experiments/get-by-name?experiment_name={quote(name, safe='')}"
    try:
        found = api.call("GET", path)["experiment"]
    except TrackError as error:
        if error.code != "RESOURCE_DOES_NOT_EXIST":
            raise
    else:
        if found.get("lifecycle_stage") == "deleted":
            raise TrackError(f"the experiment {name!r} was deleted: restore it, or use another")
        return found["experiment_id"]
    try:
        return api.call("POST", "experiments/create", {"name": name})["experiment_id"]
    except TrackError as error:
        if error.code != "RESOURCE_ALREADY_EXISTS":
            raise
    return api.call("GET", path)["experiment"]["experiment_id"]


def _tags(values: Mapping[str, object]) -> list[dict[str, object]]:
    return [{"key": key, "value": str(value)} for key, value in values.items()]


def _now() -> int:
    return int(time.time() * 1000)

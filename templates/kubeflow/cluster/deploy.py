"""Chooses the model that KServe is to serve: python -m cluster.deploy [RUN_ID]

It finds the latest run of the committed pipeline that succeeded and registered a model, or looks
at the one that is named, and writes where the model is into k8s/serving/version.yaml. Nothing is
applied: that file is the release, and kubectl (or whatever watches the repository) brings it to the
cluster.
"""

import json
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import yaml

from cluster.kfp import PIPELINE, Kfp, KfpError
from cluster.kube import KubeError, forward

BUCKET = "mlpipeline"
IR = Path("ir/pipeline.yaml")
# What does not change the model, only what becomes of it.
GATE = {"min_auc", "registry"}
RELEASE = Path("k8s/serving/version.yaml")
TEMPLATE = """\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: {model}
spec:
  predictor:
    model:
      storageUri: s3://{bucket}/{key}
"""


def children(filer: str, path: str) -> list[str]:
    """The names below a folder of the bucket: on a port of its own SeaweedFS shows folders."""
    request = urllib.request.Request(f"{filer}/buckets/{BUCKET}/{path}/?limit=1000")
    request.add_header("Accept", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            listed: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return []
        raise KubeError(f"the store answers {error.code} to {path}") from None
    except OSError as error:
        raise KubeError(f"the store cannot be reached: {error}") from None
    return [entry["FullPath"].rsplit("/", 1)[-1] for entry in listed.get("Entries") or []]


def registered(filer: str, run_id: str) -> str | None:
    """The folder with the model that a run registered.

    Kubeflow Pipelines puts outputs at ROOT/PIPELINE/RUN/TASK/SALT/OUTPUT. The salt is random. A
    task that was answered from the cache wrote nothing: its outputs are those of the earlier run.
    """
    task = f"v2/artifacts/{PIPELINE}/{run_id}/register"
    for salt in children(filer, task):
        folder = f"{task}/{salt}/version"
        if "model.onnx" in children(filer, folder):
            return folder
    return None


def changed(run: dict[str, Any], ir: dict[str, Any]) -> set[str]:
    """The parameters that a run was given values for that the pipeline does not have by itself."""
    defaults = ir["root"].get("inputDefinitions", {}).get("parameters", {})
    given = (run.get("runtime_config") or {}).get("parameters") or {}
    return {
        name for name, value in given.items() if value != defaults.get(name, {}).get("defaultValue")
    }


def candidates(kfp: Kfp, path: Path) -> list[dict[str, Any]]:
    """The runs that may be released, the best first: the committed pipeline, as it is.

    Where such a run has its model from the cache, the run that made it may have had another gate.
    """
    version = kfp.known(path)
    if version is None:
        raise KfpError(f"{path} was never submitted: python -m cluster.submit")
    ir = yaml.safe_load(path.read_text("utf-8"))
    wanted = version["pipeline_version_id"]
    same = [
        run
        for run in kfp.runs()
        if run.get("pipeline_version_reference", {}).get("pipeline_version_id") == wanted
        and changed(run, ir) <= GATE
    ]
    return sorted(same, key=lambda run: bool(changed(run, ir)))  # stable: newest first in each


def choose(kfp: Kfp, filer: str, wanted: str | None, path: Path = IR) -> tuple[str, str]:
    """The run and its model's folder."""
    for run in [kfp.run(wanted)] if wanted else candidates(kfp, path):
        if run.get("state") != "SUCCEEDED":
            continue
        folder = registered(filer, run["run_id"])
        if folder:
            return run["run_id"], folder
    who = f"run {wanted} has not" if wanted else "no run of the committed pipeline has"
    raise KfpError(f"{who} succeeded and registered a model: python -m cluster.submit")


def main() -> int:
    wanted = sys.argv[1] if sys.argv[1:] else None
    try:
        with forward("pod/seaweedfs-0", 8888) as filer:
            run_id, folder = choose(Kfp(), filer, wanted)
    except (KfpError, KubeError, FileNotFoundError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    RELEASE.write_text(TEMPLATE.format(model=PIPELINE, bucket=BUCKET, key=folder), "utf-8")
    print(f"{RELEASE}: the model of run {run_id}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

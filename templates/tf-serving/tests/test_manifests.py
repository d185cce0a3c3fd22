"""Containers and manifests: what they promise about security, and that they name what exists."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.test_image import IMAGE

ROOT = Path(__file__).parent.parent


def test_compose_is_hardened_and_starts_the_server_itself() -> None:
    (server,) = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"].values()
    assert server["image"] == IMAGE
    assert server["entrypoint"] == ["tensorflow_model_server"]
    assert server["init"] is True
    assert server["read_only"] is True
    assert server["user"] == "10001:10001"
    assert server["cap_drop"] == ["ALL"]
    assert all(volume["read_only"] for volume in server["volumes"])
    assert all(port.startswith("127.0.0.1:") for port in server["ports"])


@pytest.mark.skipif(
    shutil.which("docker") is None
    or subprocess.run(
        ["docker", "compose", "version"], capture_output=True, timeout=60, check=False
    ).returncode,
    reason="there is no docker compose",
)
def test_compose_understands_the_file() -> None:
    done = subprocess.run(
        ["docker", "compose", "config", "--format", "json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    server = json.loads(done.stdout)["services"]["server"]
    assert server["healthcheck"]["test"][:3] == ["CMD", "bash", "-c"]


def build(folder: str) -> list[dict[str, Any]]:
    kubectl = shutil.which("kubectl") or os.environ.get("MLOPS_LAB_KUBECTL")
    if not kubectl:
        pytest.skip("there is no kubectl")
    done = subprocess.run(
        [kubectl, "kustomize", folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def test_the_local_overlay_is_restricted_and_complete() -> None:
    objects = {one["kind"]: one for one in build("k8s/overlays/local")}
    wanted = {"Deployment", "Service", "ConfigMap", "PodDisruptionBudget", "NetworkPolicy"}
    assert wanted | {"Namespace", "ServiceAccount"} == objects.keys()
    assert set(objects["ConfigMap"]["data"]) == {
        "models.config",
        "batching.config",
        "monitoring.config",
    }
    pod = objects["Deployment"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    for container in pod["containers"] + pod["initContainers"]:
        security = container["securityContext"]
        assert security["readOnlyRootFilesystem"] is True
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert {"requests", "limits"} == container["resources"].keys()
    assert pod["shareProcessNamespace"] is True  # else SIGTERM never ends the server
    (server,) = pod["containers"]
    assert server["lifecycle"]["preStop"]["exec"]["command"] == ["sleep", "10"]
    assert server["image"] == IMAGE
    assert {"startupProbe", "readinessProbe", "livenessProbe"} <= server.keys()


def test_kserve_has_the_tensorflow_runtime_in_standard_mode() -> None:
    objects = {one["kind"]: one for one in build("k8s/overlays/kserve")}
    service, runtime = objects["InferenceService"], objects["ServingRuntime"]
    mode = service["metadata"]["annotations"]["serving.kserve.io/deploymentMode"]
    predictor = service["spec"]["predictor"]
    model = predictor["model"]
    assert predictor["shareProcessNamespace"] is True
    assert model["runtime"] == runtime["metadata"]["name"]
    assert runtime["spec"]["containers"][0]["image"] == IMAGE
    assert (mode, model["modelFormat"]["name"], model["protocolVersion"]) == (
        "Standard",
        "tensorflow",
        "v1",
    )

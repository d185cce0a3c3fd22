"""The official image with this lab's configuration, where it can be had."""

import json
import os
import platform
import shutil
import subprocess
import time
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.conftest import free_port

IMAGE = "tensorflow/serving:2.20.0"


def lacking() -> str:
    if not shutil.which("docker"):
        return "there is no docker"
    if platform.machine() not in ("x86_64", "AMD64"):
        return f"{IMAGE} exists for amd64 only"
    quiet = {"capture_output": True, "timeout": 280, "check": False}
    if subprocess.run(["docker", "image", "inspect", IMAGE], **quiet).returncode == 0:
        return ""
    if os.environ.get("PULL_IMAGE") != "1":
        return f"{IMAGE} is not on this machine: docker pull {IMAGE}, or PULL_IMAGE=1"
    pulled = subprocess.run(["docker", "pull", IMAGE], text=True, **quiet)
    return "" if pulled.returncode == 0 else f"{IMAGE} cannot be pulled: {pulled.stderr[-200:]}"


def test_the_real_server_takes_every_flag_and_file(exported: Path) -> None:
    if reason := lacking():
        pytest.skip(reason)
    port = free_port()
    flags = [
        "--port=8500",
        "--rest_api_port=8501",
        "--model_config_file=/config/models.config",
        "--model_config_file_poll_wait_seconds=1",
        "--allow_version_labels_for_unavailable_models=true",
        "--enable_batching=true",
        "--batching_parameters_file=/config/batching.config",
        "--monitoring_config_file=/config/monitoring.config",
    ]
    mounts = [f"--volume={exported}/{name}:/{name}:ro" for name in ("models", "config")]
    hardened = ["--init", "--user=10001:10001", "--read-only", "--tmpfs=/tmp", "--cap-drop=ALL"]
    run = ["docker", "run", "--rm", "--detach", f"--publish=127.0.0.1:{port}:8501", *hardened]
    entry = ["--entrypoint=tensorflow_model_server", *mounts, IMAGE]
    name = subprocess.run(
        [*run, *entry, *flags], capture_output=True, text=True, timeout=120, check=True
    ).stdout.strip()
    try:
        address, end = f"http://127.0.0.1:{port}", time.monotonic() + 60
        while True:
            try:
                with urlopen(f"{address}/v1/models/rollback", timeout=5) as answer:
                    status = json.load(answer)
                    break
            except OSError:
                assert time.monotonic() < end, subprocess.run(
                    ["docker", "logs", name],
                    capture_output=True,
                    text=True,
                    timeout=60,
                    check=False,
                ).stderr
                time.sleep(0.5)
        if "stand_in" in status:
            pytest.skip(f"what is called {IMAGE} here is a stand-in")
        assert {one["state"] for one in status["model_version_status"]} == {"AVAILABLE"}
        labelled = f"{address}/v1/models/rollback/labels/stable"
        with urlopen(f"{labelled}/metadata", timeout=10) as answer:
            assert json.load(answer)["model_spec"]["version"] == "1"
        body = b'{"instances": [[800, 30, 2, 0, 18, 9, 1, 3]]}'
        with urlopen(f"{labelled}:predict", data=body, timeout=10) as answer:
            assert b"predictions" in answer.read()
        with urlopen(f"{address}/monitoring/prometheus/metrics", timeout=10) as answer:
            assert b":tensorflow:serving:request_count" in answer.read()
    finally:
        remove = ["docker", "rm", "--force", name]
        subprocess.run(remove, capture_output=True, timeout=60, check=False)

"""The cluster that is meant is the recorded one, whatever somebody's shell happens to use."""

import json
from pathlib import Path

import pytest

from ops import cluster, server

RECORD = {"context": "kind-lab", "namespace": "lab", "up": True}


def record(content: dict[str, object], monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.delenv("MLOPS_LAB_RUNTIME", raising=False)
    monkeypatch.setenv("MLOPS_LAB_RUN", str(folder))
    (folder / "cluster.json").write_text(json.dumps(content), "utf-8")


def test_kubectl_means_the_recorded_cluster(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    record(RECORD, monkeypatch, tmp_path)
    wanted = ["kubectl", "--context=kind-lab", "--namespace=lab", "get", "pods"]
    assert cluster.command("get", "pods") == wanted
    assert server.runtime() == "kubernetes"


def test_a_lab_that_was_taken_down_is_nowhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    record(RECORD | {"up": False}, monkeypatch, tmp_path)
    assert cluster.place() is None
    assert server.runtime() == "compose"


def test_what_kubectl_says_is_the_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    record(RECORD, monkeypatch, tmp_path)
    stub = tmp_path / "kubectl"
    stub.write_text("#!/bin/sh\necho no such context >&2\nexit 1\n", "utf-8")
    stub.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(SystemExit, match="no such context"):
        cluster.pods("mlflow")

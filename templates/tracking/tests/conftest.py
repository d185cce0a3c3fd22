"""A copy of the lab with a real tracking server of its own, on a free port."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from track import Api

ROOT = Path(__file__).parents[1]
PARTS = ("client", "config", "features.py", "ops", "requests", "server", "track", "train")


@dataclass
class Lab:
    folder: Path
    port: int
    model_port: int
    environment: dict[str, str]

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def run(self, *command: str, fails: bool = False) -> str:
        """Runs a Python module as a learner does; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert bool(done.returncode) == fails, done.stdout + done.stderr
        return done.stderr if fails else done.stdout

    def call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        return Api(self.uri).call(method, path, body)

    def runs(self, condition: str) -> list[dict[str, Any]]:
        """Runs of the experiment `rollback`, newest first; metrics, params and tags as mappings."""
        found = self.call("GET", "experiments/get-by-name?experiment_name=rollback")
        body = {
            "experiment_ids": [found["experiment"]["experiment_id"]],
            "filter": condition,
            "order_by": ["attributes.start_time DESC"],
        }
        runs = self.call("POST", "runs/search", body).get("runs", [])
        for run in runs:
            for kind in ("metrics", "params", "tags"):
                entries = run["data"].get(kind, [])
                run["data"][kind] = {entry["key"]: entry["value"] for entry in entries}
        return runs


def free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("", 0)) as two:
        return one.getsockname()[1], two.getsockname()[1]


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    for part in PARTS:
        source = ROOT / part
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / part)
    if git := shutil.which("git"):  # the training may want to know its revision
        author = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
        for command in (["init", "-q"], ["add", "."], [*author, "commit", "-q", "-m", "lab"]):
            subprocess.run([git, *command], cwd=folder, timeout=60, check=True)
    port, model_port = free_ports()
    settings = {
        "PORT": str(port),
        "MODEL_PORT": str(model_port),
        "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{port}",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "ORT_DISABLE_TELEMETRY": "1",
    }
    lines = [f"{name}={value}\n" for name, value in settings.items()]
    (folder / ".env").write_text("".join(lines), "utf-8")
    ours = ("MLFLOW_", "MLOPS_LAB", "PORT", "MODEL_PORT")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    lab = Lab(folder, port, model_port, environment)
    lab.run("ops.server", "start")
    yield lab
    lab.run("ops.server", "stop")

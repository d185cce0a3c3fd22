"""A real export and a real server on free ports, where TensorFlow is installed."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).parent.parent
TENSORFLOW = ROOT / ".tensorflow/.venv/bin/python"
# As the lab begins: the one in config/ is for the course to change.
CONFIG = Path(__file__).parent / "fixtures/config"
ROW = [800, 30, 2, 0, 18, 9, 1, 3]

needs_tensorflow = pytest.mark.skipif(
    not TENSORFLOW.exists(), reason="TensorFlow is not installed: sh ops/tensorflow.sh"
)


def wait_for(holds: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@dataclass
class Live:
    root: Path
    rest: int
    grpc: int
    process: subprocess.Popen[bytes]

    def ask(self, path: str, document: object = None) -> tuple[int, Any]:
        """A document is sent as JSON, bytes as they are."""
        body = document if isinstance(document, bytes | None) else json.dumps(document).encode()
        try:
            with urlopen(f"http://127.0.0.1:{self.rest}{path}", data=body, timeout=10) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            return error.code, json.load(error)

    def predict(self, which: str = "", **document: object) -> tuple[int, Any]:
        return self.ask(f"/v1/models/rollback{which}:predict", document)

    def states(self, which: str = "") -> dict[str, str]:
        _, answer = self.ask(f"/v1/models/rollback{which}")
        return {one["version"]: one["state"] for one in answer.get("model_version_status", [])}

    def meaning(self, label: str) -> str | None:
        """The version that a label means."""
        code, answer = self.ask(f"/v1/models/rollback/labels/{label}/metadata")
        return answer["model_spec"]["version"] if code == 200 else None

    @property
    def config(self) -> Path:
        return self.root / "config/models.config"


def start(root: Path, **env: str) -> Live:
    rest, grpc = free_port(), free_port()
    told = os.environ | {
        "MLOPS_LAB_ENDPOINT_API": f"http://127.0.0.1:{rest}",
        "MLOPS_LAB_ENDPOINT_GRPC": f"http://127.0.0.1:{grpc}",
        "MLOPS_LAB_RUN": "reports",  # a server of this copy, not of the lab
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    process = subprocess.Popen(["sh", "ops/serve.sh"], cwd=root, env=told | env)
    return Live(root, rest, grpc, process)


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which both versions were exported. The path has a space."""
    if not TENSORFLOW.exists():
        pytest.skip("TensorFlow is not installed: sh ops/tensorflow.sh")
    root = tmp_path_factory.mktemp("pro ject")
    for name in ("ops", "standin", "train", "wire"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "features.py", root)
    shutil.copytree(CONFIG, root / "config")
    (root / ".tensorflow").symlink_to(ROOT / ".tensorflow")
    subprocess.run([sys.executable, "-m", "train"], cwd=root, timeout=240, check=True)
    return root


@pytest.fixture(scope="session")
def server(exported: Path) -> Iterator[Live]:
    live = start(exported)

    def answers() -> bool:
        assert live.process.poll() is None, "the server ended"
        try:
            return live.states() == {"1": "AVAILABLE", "2": "AVAILABLE"}
        except OSError:
            return False

    wait_for(answers)
    yield live
    live.process.kill()
    live.process.wait(10)

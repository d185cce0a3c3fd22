"""A second server with another model, for as long as it is judged."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

from ops.endpoint import from_dotenv

START_SECONDS = 120
COMPOSE = ["docker", "compose", "--profile", "candidate"]


@contextlib.contextmanager
def started(model: str) -> Iterator[str]:
    """Its address, once it is ready."""
    port = from_dotenv("CANDIDATE_PORT")
    url = f"http://127.0.0.1:{port}"
    if answers(int(port)):  # it would be judged in the place of the candidate
        raise SystemExit(
            f"error: something listens on port {port} already. Stop it, or set another\n"
            "CANDIDATE_PORT in .env."
        )
    with contextlib.ExitStack() as stack:
        if os.environ.get("MLOPS_LAB_RUNTIME") == "compose":
            stop = stack.enter_context(in_a_container(model))
        else:
            stop = stack.enter_context(as_a_process(model, port))
        end = time.monotonic() + START_SECONDS
        while not ready(url):
            if stop() or time.monotonic() > end:
                raise SystemExit(f"error: the candidate {model} did not start")
            time.sleep(0.2)
        yield url


@contextlib.contextmanager
def as_a_process(model: str, port: str) -> Iterator:
    with tempfile.TemporaryDirectory() as folder:
        env = os.environ | {"MODEL": model, "PORT": port, "HOST": "127.0.0.1"}
        env["ENGINE_SOCKET"] = str(Path(folder) / "engine.sock")
        server = subprocess.Popen([sys.executable, "-m", "server"], env=env)
        try:
            yield lambda: server.poll() is not None
        finally:
            server.terminate()
            server.wait(60)


@contextlib.contextmanager
def in_a_container(model: str) -> Iterator:
    env = os.environ | {"MODEL": model}
    subprocess.run([*COMPOSE, "up", "--detach", "candidate"], env=env, check=True)
    try:
        yield lambda: False
    finally:
        subprocess.run([*COMPOSE, "rm", "--stop", "--force", "candidate"], env=env, check=True)


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def ready(url: str) -> bool:
    try:
        with urlopen(f"{url}/health", timeout=5) as response:
            return response.status == 200
    except OSError:
        return False

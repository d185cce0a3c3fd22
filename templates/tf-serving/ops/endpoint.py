"""Where the server is: told by mlops-lab, or by .env when you type the command yourself."""

import os
from pathlib import Path


def api() -> str:
    """The address of the REST API."""
    return (os.environ.get("MLOPS_LAB_ENDPOINT_API") or local("PORT")).rstrip("/")


def grpc() -> str:
    """Host and port of the gRPC API: a channel takes no scheme."""
    told = os.environ.get("MLOPS_LAB_ENDPOINT_GRPC") or local("GRPC_PORT")
    return told.removeprefix("http://").rstrip("/")


def local(variable: str) -> str:
    return f"http://127.0.0.1:{os.environ.get(variable) or from_dotenv(variable)}"


def from_dotenv(name: str) -> str:
    for line in Path(".env").read_text("utf-8").splitlines():
        key, _, value = line.partition("=")
        if key.strip() == name:
            return value.strip()
    raise SystemExit(f"error: {name} is neither in the environment nor in .env")

"""Where the server is: named by mlops-lab, or by .env when you type the command yourself."""

import os
import re
from pathlib import Path

# For a clone, which has no .env.
PORTS = {"PORT": "<[ port ]>", "GRPC_PORT": "<[ grpc_port ]>"}


def api() -> str:
    """The address of the REST API."""
    return (os.environ.get("MLOPS_LAB_ENDPOINT_API") or local("PORT")).rstrip("/")


def grpc() -> str:
    """Host and port of the gRPC API: a channel takes no scheme."""
    named = os.environ.get("MLOPS_LAB_ENDPOINT_GRPC") or local("GRPC_PORT")
    return named.removeprefix("http://").rstrip("/")


def local(variable: str) -> str:
    port = os.environ.get(variable) or from_dotenv(variable) or PORTS[variable]
    return f"http://127.0.0.1:{port}"


def from_dotenv(variable: str) -> str | None:
    """The port that .env gives, as docker compose reads it: the last line counts."""
    file = Path(".env")
    text = file.read_text("utf-8-sig") if file.exists() else ""
    ports = re.findall(rf"^\s*(?:export\s+)?{variable}\s*[=:]\s*[\"']?(\d+)", text, re.MULTILINE)
    return ports[-1] if ports else None

"""Where the server is: told by mlops-lab, or by .env when you type the command yourself."""

import os
from pathlib import Path


def api() -> str:
    told = os.environ.get("MLOPS_LAB_ENDPOINT_API")
    if told:
        return told.rstrip("/")
    return f"http://127.0.0.1:{os.environ.get('PORT') or from_dotenv('PORT')}"


def from_dotenv(name: str) -> str:
    for line in Path(".env").read_text("utf-8").splitlines():
        key, _, value = line.partition("=")
        if key.strip() == name:
            return value.strip()
    raise SystemExit(f"error: {name} is neither in the environment nor in .env")

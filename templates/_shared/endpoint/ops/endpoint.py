"""Where the server is: from mlops-lab, or from .env when you type the command yourself."""

import os
from pathlib import Path


def api() -> str:
    told = os.environ.get("MLOPS_LAB_ENDPOINT_API")
    if told:
        return told.rstrip("/")
    return f"http://127.0.0.1:{setting('PORT')}"


def setting(name: str) -> str:
    return os.environ.get(name) or from_dotenv(name)


def from_dotenv(name: str) -> str:
    try:
        text = Path(".env").read_text("utf-8-sig")
    except FileNotFoundError:
        raise SystemExit("error: .env is missing. Make it: cp .env.example .env") from None
    found = ""
    for line in text.splitlines():  # the last one counts, as for docker compose
        key, _, value = line.partition("=")
        if key.strip().removeprefix("export ").strip() == name:
            found = value.split(" #")[0].strip().strip("\"'")
    if not found:
        raise SystemExit(f"error: {name} is neither in the environment nor in .env")
    return found

"""Where things are: from mlops-lab, or from .env when you type the command yourself."""

import os
from pathlib import Path


def prometheus() -> str:
    return address("PROMETHEUS", "PROMETHEUS_PORT")


def alertmanager() -> str:
    return address("ALERTMANAGER", "ALERTMANAGER_PORT")


def receiver() -> str:
    return address("RECEIVER", "RECEIVER_PORT")


def address(endpoint: str, port: str) -> str:
    told = os.environ.get(f"MLOPS_LAB_ENDPOINT_{endpoint}")
    return (told or f"http://127.0.0.1:{setting(port)}").rstrip("/")


def setting(name: str) -> str:
    found = os.environ.get(name, "")
    if not found and Path(".env").exists():
        for line in Path(".env").read_text("utf-8-sig").splitlines():
            key, _, value = line.partition("=")
            if key.strip() == name:
                found = value.split(" #")[0].strip().strip("\"'")
    if not found:
        raise SystemExit(f"error: {name} is neither in the environment nor in .env")
    return found

"""The gateway's access log, which is the ledger: one JSON object for each request."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

FILE = Path("ledger/access.jsonl")
# Lines that are older than the step `tokens` have none of these.
UNKNOWN = dict.fromkeys(("team", "model", "prompt_tokens", "completion_tokens"))


def read() -> list[dict[str, Any]]:
    text = FILE.read_text("utf-8") if FILE.is_file() else ""
    if in_containers():
        command = ["docker", "compose", "exec", "-T", "gateway", "cat", str(FILE)]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [UNKNOWN | json.loads(line) for line in text.splitlines() if line.endswith("}")]


def in_containers() -> bool:
    """mlops-lab says it; when you type the command yourself, Compose knows."""
    runtime = os.environ.get("MLOPS_LAB_RUNTIME")
    if runtime or not shutil.which("docker"):
        return runtime == "compose"
    command = ["docker", "compose", "ps", "--quiet", "gateway"]
    return bool(subprocess.run(command, capture_output=True, check=False).stdout.strip())

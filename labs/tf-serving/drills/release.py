"""Exports one version more and moves the label to it, in the server's order: load, then label."""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import releases

import lab  # the checks', by releases
import verdict


def wait_for(holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 60
    while not holds():
        if time.monotonic() > end:
            verdict.not_yet(f"version {NEW} is not {what}")
        time.sleep(0.2)


OLD, NEW = releases.stable(), max(releases.exported()) + 1
export = Path(__file__).with_name("export_renamed.py")
quiet = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
python = ".tensorflow/.venv/bin/python"
subprocess.run([python, str(export), str(OLD), str(NEW)], env=quiet, timeout=240, check=True)
releases.load(NEW)
wait_for(lambda: lab.states().get(str(NEW)) == "AVAILABLE", "available")
releases.label(NEW)
wait_for(lambda: lab.meaning("stable") == str(NEW), "what stable means")

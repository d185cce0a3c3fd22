"""Exports version 3 and moves the label to it, in the server's order: load, then label."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "verify"))

import lab

CONFIG = Path("config/models.config")
TEXT = """\
model_config_list {{
  config {{
    name: "rollback"
    base_path: "/models/rollback"
    model_platform: "tensorflow"
    model_version_policy {{ specific {{ versions: 1 versions: 2 versions: 3 }} }}
    version_labels {{ key: "stable" value: {stable} }}
  }}
}}
"""


def wait_for(holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 60
    while not holds():
        if time.monotonic() > end:
            lab.not_yet(f"version 3 is not {what}")
        time.sleep(0.2)


def write(stable: int) -> None:
    new = CONFIG.with_name(".models.config.new")
    new.write_text(TEXT.format(stable=stable), "utf-8")
    new.replace(CONFIG)


export = Path(__file__).with_name("export_wrong.py")
quiet = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
subprocess.run([".tensorflow/.venv/bin/python", str(export)], env=quiet, check=True)
write(stable=2)
wait_for(lambda: lab.states().get("3") == "AVAILABLE", "available")
write(stable=3)
wait_for(lambda: lab.meaning("stable") == "3", "what stable means")

"""Starts the server, leaves its number in .right.pid, and waits until it is ready."""

import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

server = subprocess.Popen(
    [sys.executable, "-m", "server"],
    env=os.environ | {"HOST": "127.0.0.1"},
    stdin=subprocess.DEVNULL,
    stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL,
    start_new_session=True,
)
Path(".right.pid").write_text(str(server.pid), "utf-8")
for _ in range(200):
    try:
        urlopen(f"{os.environ['MLOPS_LAB_ENDPOINT_API']}/v2/health/ready", timeout=2).close()
        break
    except OSError:
        time.sleep(0.1)

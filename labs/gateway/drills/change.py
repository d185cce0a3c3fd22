"""Changes config/envoy.yaml as somebody did, and restarts the gateway: change.py DRILL"""

import os
import re
import subprocess
import sys
from pathlib import Path

CHANGES = {
    "half-answers": [(r"(?<![\w])timeout: 0s", "timeout: 4s")],
    "retry-storm": [
        (r"(?m)^( *)num_retries: \d+", r"\1num_retries: 3\n\1per_try_timeout: 0.5s"),
        (r"retry_on: [\w,-]+", "retry_on: 5xx,connect-failure,refused-stream,reset"),
    ],
}

file = Path("config/envoy.yaml")
text = file.read_text("utf-8")
for find, put in CHANGES[sys.argv[1]]:
    text, count = re.subn(find, put, text, count=1)
    if not count:
        raise SystemExit(f"error: {file} has no {find!r}: the steps before this drill set it")
file.write_text(text, "utf-8")
subprocess.run([os.environ["MLOPS_LAB"], "restart", "gateway"], timeout=180, check=True)

"""Changes config/envoy.yaml as someone did, and restarts the gateway: change.py DRILL"""

import os
import re
import subprocess
import sys
from pathlib import Path

CHANGES = {
    "half-answers": [("timeout", r'(?<!\w)timeout: "?0(\.0+)?s"?', "timeout: 4s")],
    "retry-storm": [
        (
            "retry_on",
            r"(?m)^( *)retry_on: [^\n]*\n(?:\1num_retries: [^\n]*\n)?",
            r"\1retry_on: 5xx,connect-failure,refused-stream,reset\n"
            r"\1num_retries: 3\n\1per_try_timeout: 0.5s\n",
        )
    ],
}

STEPS = {"half-answers": "timeouts", "retry-storm": "failover"}

file = Path("config/envoy.yaml")
text = file.read_text("utf-8")
for name, find, put in CHANGES[sys.argv[1]]:
    text, count = re.subn(find, put, text, count=1)
    if not count:
        raise SystemExit(
            f"error: {file} has no `{name}` as the steps before this drill set it, on a line of\n"
            f"its own. How it stood there: mlops-lab solve {STEPS[sys.argv[1]]} --diff"
        )
file.write_text(text, "utf-8")
subprocess.run([os.environ["MLOPS_LAB"], "restart", "gateway"], timeout=180, check=True)

"""Tries a candidate on server-b: python -m ops.canary short|plain|none

A candidate is a chat template (candidates/*.jinja). server-b takes it into service, both servers
answer the same questions, and ops/gate.py decides whether it stays. `none` takes it out again.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from dataclasses import asdict
from pathlib import Path

from ops.endpoint import setting
from ops.evaluate import evaluate
from ops.gate import objections

PLACE = Path("config/server-b.jinja")  # server-b reads it at its start
START_SECONDS = 120


def restart() -> None:
    """Meanwhile the gateway sends everybody to server-a."""
    program = os.environ.get("MLOPS_LAB") or shutil.which("mlops-lab")
    if not program:
        raise SystemExit("error: mlops-lab is not on PATH")
    subprocess.run([program, "restart", "server-b"], stdout=sys.stderr, check=True)
    url = f"http://127.0.0.1:{setting('SERVER_B_PORT')}/health"
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError as error:
            if time.monotonic() > end:
                raise SystemExit(f"error: server-b does not start: {error}") from None
            time.sleep(0.2)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.canary")
    names = sorted(path.stem for path in Path("candidates").glob("*.jinja"))
    parser.add_argument("candidate", choices=[*names, "none"])
    name = parser.parse_args().candidate
    if name == "none":
        PLACE.unlink(missing_ok=True)
        restart()
        return 0
    before = PLACE.read_bytes() if PLACE.exists() else None
    shutil.copyfile(Path("candidates", f"{name}.jinja"), PLACE)
    PLACE.chmod(0o644)  # in a container another user reads it
    restart()
    stable, candidate = evaluate("a"), evaluate("b")
    print(json.dumps({"stable": asdict(stable), "candidate": asdict(candidate)}))
    if found := objections(stable, candidate):
        print(f"refused: {name}: {'; '.join(found)}", file=sys.stderr)
        if before is None:
            PLACE.unlink()
        else:
            PLACE.write_bytes(before)
        restart()
        return 1
    print(f"{name} stays on server-b")
    return 0


if __name__ == "__main__":
    sys.exit(main())

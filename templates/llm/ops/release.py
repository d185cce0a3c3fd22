"""Puts another model into service, if the gate lets it: python -m ops.release smollm2-q8_0

It starts the candidate beside the live server, scores it, and asks ops/gate.py. Only then the
name goes into config/server.toml; the live server takes it at its next start.
"""

import json
import re
import sys
from dataclasses import asdict
from pathlib import Path

from ops.candidate import started
from ops.evaluate import evaluate
from ops.gate import objections

CONFIG = Path("config/server.toml")


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: python -m ops.release MODEL", file=sys.stderr)
        return 2
    model = sys.argv[1]
    if not Path("models", f"{model}.gguf").is_file():
        print(f"error: there is no models/{model}.gguf: see ops.requantise", file=sys.stderr)
        return 2
    with started(model) as url:
        result = evaluate(url)
    print(json.dumps(asdict(result)))
    if found := objections(result):
        print(f"refused: {model}: {'; '.join(found)}", file=sys.stderr)
        return 1
    text = CONFIG.read_text("utf-8")
    CONFIG.write_text(re.sub(r'(?m)^model = "[^"]*"', f'model = "{model}"', text), "utf-8")
    print(f"{model} is in {CONFIG}; put it into service: mlops-lab restart server")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Guesses without asking the server."""

import json
import sys
from pathlib import Path

deployment = json.loads(Path(sys.argv[1]).read_text("utf-8"))
risk = min(0.99, deployment["lines_changed"] / 1000 + 0.2 * deployment["tests_failed"])
print(json.dumps({"rolled_back": risk > 0.5, "probability": risk, "version": "1"}))

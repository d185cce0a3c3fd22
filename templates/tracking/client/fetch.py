"""Fetches an artifact of a run: python -m client.fetch RUN_ID PATH TARGET

Prints its size and its SHA-256.
"""

import hashlib
import json
import sys
from pathlib import Path


def fetch(run_id: str, path: str) -> bytes:
    """The artifact's content. It is on this disk, today: that is how this was written."""
    found = list(Path("mlartifacts").glob(f"*/{run_id}/artifacts/{path}"))
    if not found:
        raise SystemExit(f"error: no {path} of run {run_id} below ./mlartifacts")
    return found[0].read_bytes()


def main() -> int:
    if len(sys.argv) != 4:
        print("usage: python -m client.fetch RUN_ID PATH TARGET", file=sys.stderr)
        return 2
    run_id, path, target = sys.argv[1:]
    content = fetch(run_id, path)
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    Path(target).write_bytes(content)
    print(json.dumps({"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())

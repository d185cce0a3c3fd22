"""What the load asks, and what the server says of itself: for ops/load.py and ops/locustfile.py."""

import json
from pathlib import Path
from urllib.request import urlopen

from features import FEATURES
from ops.endpoint import api

METHOD, PATH = "POST", "/v1/models/rollback/labels/stable:predict"
DEPLOYMENT = json.loads(Path("requests/risky.json").read_text("utf-8"))
BODY = json.dumps({"instances": [[DEPLOYMENT[name] for name in FEATURES]]})


def server() -> str:
    """What is measured: the stand-in says in every answer that it is one."""
    with urlopen(f"{api()}/v1/models/rollback", timeout=5) as response:
        standin = response.headers.get("X-Stand-In") == "true"
    return "stand-in" if standin else "TensorFlow Serving"


def told(_: str, after: str) -> str:
    """What the report says of the server."""
    return after

"""What the live server says of itself: its settings, and its counters by name."""

import json
from typing import Any
from urllib.request import urlopen

from ops.endpoint import api


def get(path: str) -> bytes:
    with urlopen(f"{api()}{path}", timeout=30) as response:
        return response.read()


def props() -> dict[str, Any]:
    return json.loads(get("/props"))


def counters() -> dict[str, float]:
    """Each series of /metrics, labels included in its name."""
    lines = get("/metrics").decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
    return {name: float(value) for name, value in pairs}

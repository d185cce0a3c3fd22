"""Gives versions their weights, and waits until they are in force: python -m ops.release 1=90 2=10

The same as editing config/routing.json by hand, and on a cluster `python -m ops.bring` after it.
"""

import json
import sys
import time
from pathlib import Path
from urllib.request import urlopen

from ops.bring import bring, cluster
from ops.endpoint import api

ROUTES = Path("config/routing.json")
USAGE = "usage: python -m ops.release VERSION=WEIGHT ..."


def parse(arguments: list[str]) -> dict[str, int]:
    try:
        weights = {version: int(weight) for version, weight in (a.split("=") for a in arguments)}
    except ValueError:
        raise SystemExit(USAGE) from None
    if not sum(weights.values()):
        raise SystemExit(USAGE)
    return weights


def write(weights: dict[str, int]) -> None:
    """Replaces the file in one step: the server never reads half of it."""
    partial = ROUTES.with_suffix(".partial")
    partial.write_text(json.dumps({"rollback": weights}, indent=2) + "\n", "utf-8")
    partial.chmod(0o644)  # the container reads it as another user
    partial.replace(ROUTES)


def wait(weights: dict[str, int], patience: float) -> bool:
    """True when the server's own metrics show these weights. Raises OSError when it does not answer
    for so many seconds."""
    total = sum(weights.values())
    expected = {
        f'model_route_share{{model="rollback",version="{version}"}} {weight / total}'
        for version, weight in weights.items()
        if weight
    }
    begin = time.monotonic()
    end = None
    while end is None or time.monotonic() < end:
        try:
            with urlopen(f"{api()}/metrics", timeout=5) as response:
                lines = response.read().decode().splitlines()
        except OSError:
            if time.monotonic() > begin + patience:
                raise
            lines = []
        else:
            end = end or time.monotonic() + 3
        if {line for line in lines if line.startswith("model_route_share{")} == expected:
            return True
        time.sleep(0.1)
    return False


def main() -> int:
    weights = parse(sys.argv[1:])
    write(weights)
    place = cluster()
    if place and not bring(place):
        print("the pods do not see the new file yet", file=sys.stderr)
        return 1
    try:
        # The port of a cluster takes a moment to lead to the pod of a new rollout.
        in_force = wait(weights, patience=20 if place else 0)
    except OSError:
        print(f"{ROUTES} is written; the server is not up to read it")
        return 0
    if not in_force:
        print("the server refused the routes: its log has the reason", file=sys.stderr)
        return 1
    print(f"in force: {json.dumps(weights)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

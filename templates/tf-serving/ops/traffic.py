"""Whether the load balancer sends traffic to this server: python -m ops.traffic [on|off]

A file stands for the balancer's own switch (HAProxy: `set server ... state drain`, nginx: `down`, a
Service of Kubernetes: the endpoint that goes). The balancers of ops/stop.py poll it four times
a second, each by its own clock.
"""

import os
import sys
from pathlib import Path

SWITCH = Path(os.environ.get("TRAFFIC_FILE", "reports/traffic"))
LOOK_SECONDS = 0.25


def flows() -> bool:
    return not SWITCH.exists() or SWITCH.read_text("utf-8").strip() != "off"


def main() -> int:
    match sys.argv[1:]:
        case []:
            print("on" if flows() else "off")
        case ["on" | "off" as word]:
            SWITCH.parent.mkdir(exist_ok=True)
            SWITCH.write_text(word + "\n", "utf-8")
        case _:
            print("usage: python -m ops.traffic [on|off]", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

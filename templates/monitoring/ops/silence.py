"""python -m ops.silence NAME=VALUE... --minutes N --why TEXT: as `amtool silence add` does it."""

import argparse
import getpass
import json
import sys
import urllib.request
from datetime import UTC, datetime, timedelta

from ops.endpoint import alertmanager


def main() -> int:
    parser = argparse.ArgumentParser(description="Silences the alerts that have all these labels.")
    parser.add_argument("labels", nargs="+", metavar="NAME=VALUE")
    parser.add_argument("--minutes", type=float, required=True, help="until it ends")
    parser.add_argument("--why", required=True, help="what the next one on call will read")
    given = parser.parse_args()

    pairs = [label.partition("=")[::2] for label in given.labels]
    if not all(name and value for name, value in pairs):
        parser.error("a label is NAME=VALUE")
    now = datetime.now(UTC)
    silence = {
        "matchers": [
            {"name": name, "value": value, "isRegex": False, "isEqual": True}
            for name, value in pairs
        ],
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(minutes=given.minutes)).isoformat(),
        "createdBy": getpass.getuser(),
        "comment": given.why,
    }
    request = urllib.request.Request(
        f"{alertmanager()}/api/v2/silences",
        json.dumps(silence).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        print(json.load(answer)["silenceID"])
    return 0


if __name__ == "__main__":
    sys.exit(main())

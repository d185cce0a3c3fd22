"""Asks the model about one deployment over REST: python -m client.ask_rest requests/risky.json"""

import json
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from features import FEATURES
from ops.endpoint import api

PATH = "/v1/models/rollback/labels/stable"


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: python -m client.ask_rest FILE", file=sys.stderr)
        return 2
    deployment = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    row = [deployment[name] for name in FEATURES]
    body = json.dumps({"instances": row}).encode()
    try:
        with urlopen(api() + PATH, data=body, timeout=10) as response:
            probability = json.load(response)["predictions"][0]
    except HTTPError as error:
        print(f"the server refused: {error.code} {error.read().decode()}", file=sys.stderr)
        return 1
    print(json.dumps({"rolled_back": probability >= 0.5, "probability": round(probability, 6)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())

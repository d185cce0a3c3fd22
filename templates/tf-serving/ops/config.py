"""Parses config/*.config as the server does at its start: python -m ops.config"""

import sys
from collections.abc import Callable
from pathlib import Path

from google.protobuf import text_format

from wire import config

FILES: dict[str, Callable[[str], object]] = {
    "models.config": config.models,
    "batching.config": config.batching,
    "monitoring.config": config.monitoring,
}


def main() -> int:
    wrong = 0
    for name, parse in FILES.items():
        file = Path("config") / name
        try:
            parse(file.read_text("utf-8"))
        except (OSError, ValueError, text_format.ParseError) as error:
            print(f"{file}: {error}", file=sys.stderr)
            wrong += 1
        else:
            print(f"{file}: well")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

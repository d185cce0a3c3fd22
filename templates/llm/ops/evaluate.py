"""Scores a server on alerts whose answers are known: python -m ops.evaluate

It sends what client/extract.py sends, to the live server or to another one.
"""

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

ALERTS = Path("data/evaluation.csv")
FIELDS = {"service", "environment", "status", "minutes"}


@dataclass(frozen=True)
class Result:
    total: int
    answered: int  # with status 200
    valid: int  # JSON with exactly the four fields
    exact: int  # all four as they should be


def evaluate(url: str | None = None) -> Result:
    """Scores the server at this address, or the live one."""
    if url:
        os.environ["MLOPS_LAB_ENDPOINT_API"] = url
    from openai import OpenAIError  # after the address: the client is made when it is imported

    from client.alerts import read
    from client.extract import extract

    answered = valid = exact = 0
    known = read(ALERTS)
    for number, (alert, right) in enumerate(known, 1):
        print(f"\r{number}/{len(known)}", end="", file=sys.stderr, flush=True)
        try:
            text = extract(alert)
        except OpenAIError:
            continue
        answered += 1
        try:
            fields = json.loads(text)
        except ValueError:
            continue
        valid += isinstance(fields, dict) and fields.keys() == FIELDS
        exact += fields == right
    print("\r", end="", file=sys.stderr)
    return Result(len(known), answered, valid, exact)


if __name__ == "__main__":
    print(json.dumps(asdict(evaluate(sys.argv[1] if len(sys.argv) > 1 else None))))

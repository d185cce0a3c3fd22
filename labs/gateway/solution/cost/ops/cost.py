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

CHAT = "/v1/chat/completions"
COLUMNS = ("requests", "prompt_tokens", "completion_tokens", "unknown", "cost")
PRICES = Path("config/prices.toml")


def bill(lines: list[dict[str, Any]], prices: dict[str, dict[str, float]]) -> dict[str, Any]:
    """Each line has what the access log has: team, model, status, prompt_tokens, ..."""
    teams: dict[str, Any] = {}
    for line in lines:
        if line["team"] is None or line["status"] != 200 or line["path"] != CHAT:
            continue  # refused, or nothing that has a price
        team = teams.setdefault(line["team"], dict.fromkeys(COLUMNS, 0))
        team["requests"] += 1
        if line["completion_tokens"] is None:
            team["unknown"] += 1  # a stream that was cut, or that was not asked for its usage
            continue
        price = prices[line["model"]]
        for kind in ("prompt", "completion"):
            tokens = line[f"{kind}_tokens"]
            team[f"{kind}_tokens"] += tokens
            team["cost"] += tokens * price[kind] / 1_000_000
    return teams


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m ops.cost")
    parser.add_argument("--since", default="", help="only requests that began at TIME or later")
    since = parser.parse_args().since
    lines = [line for line in ledger.read() if line["time"] >= since]
    print(json.dumps(bill(lines, tomllib.loads(PRICES.read_text("utf-8"))), indent=2))


if __name__ == "__main__":
    main()

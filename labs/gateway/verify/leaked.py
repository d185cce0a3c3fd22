"""Is the key that leaked worth nothing, while both teams go on working?"""

import hashlib
import json
import os
import time
from pathlib import Path

import lab
import verdict

# Of the drill: which key is out, and the other team's fingerprint.
NOTE = Path(os.environ["MLOPS_LAB_RUN"], "leaked.json")
SECONDS = 60  # until a budget that someone has spent is full again


def status(headers: dict[str, str]) -> int:
    code, _, _ = lab.ask(lab.CHAT, lab.prompt("Hello.", 1), headers=headers)
    return code


def works(team: str) -> int:
    """A team that has spent its tokens itself gets new ones."""
    end = time.monotonic() + SECONDS
    while (code := status(lab.bearer(lab.key(team)))) == 429 and time.monotonic() < end:
        time.sleep(0.5)
    return code


note = json.loads(NOTE.read_text("utf-8")) if NOTE.exists() else {}
if note:
    if (code := status(lab.bearer(note["leaked"]))) != 401:
        verdict.not_yet(f"whoever has the key that leaked gets {code}")
    if hashlib.sha256(lab.key("search").encode()).hexdigest() != note["other"]:
        verdict.not_yet("the team search has another key now, and nobody told them")
for team in ("search", "support"):
    if (code := works(team)) != 200:
        verdict.not_yet(f"the team {team} gets {code} with the key in .env")
print("both teams get answers, and nobody with a key that leaked")

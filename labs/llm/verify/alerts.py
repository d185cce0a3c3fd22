"""Alerts that nobody has seen before, with the right answers."""

import json
import random
import sys
from pathlib import Path

sys.path.insert(0, ".")

SERVICES = json.loads(Path("data/services.json").read_text("utf-8"))
ENVIRONMENTS = ("production", "staging", "development")
STATUSES = (500, 502, 503, 504, 429)
PHRASES = (
    "{service} in {environment} answers {status} since {minutes} minutes",
    "{service} ({environment}) returns HTTP {status}, started {minutes} min ago",
    "ALERT {service} {environment} status={status} duration={minutes}m",
    "users report error {status} on {service}, {environment}, it began {minutes} minutes ago",
    "pager: {status} rate high, service {service}, environment {environment}, {minutes} minutes",
)

Alert = tuple[str, dict[str, object]]


def make(number: int, chance: random.Random | None = None) -> list[Alert]:
    """Every kind of sentence and every environment in turn, so that each run is as hard."""
    chance = chance or random.Random()
    kinds = [(phrase, environment) for phrase in PHRASES for environment in ENVIRONMENTS]
    chance.shuffle(kinds)
    return [one(chance, *kinds[n % len(kinds)]) for n in range(number)]


def one(chance: random.Random, phrase: str, environment: str) -> Alert:
    fields = {
        "service": chance.choice(SERVICES),
        "environment": environment,
        "status": chance.choice(STATUSES),
        "minutes": chance.randint(2, 90),
    }
    return phrase.format(**fields), fields

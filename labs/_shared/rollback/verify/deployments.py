"""Deployments without a prepared answer: what a client says of them, it has from the server."""

import random
import sys

sys.path.insert(0, ".")
from features import FEATURES  # the project's

UPPER = {"lines_changed": 900, "files_touched": 40, "tests_failed": 4, "reviewers": 3}
UPPER |= {"hour": 22, "days_since_deploy": 20, "config_changed": 1, "author_deploys": 90}


def surprise() -> dict[str, float]:
    return {name: random.randint(0, UPPER[name]) for name in FEATURES}

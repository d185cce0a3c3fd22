"""How many alerts that nobody has seen does client/extract.py get exactly right?

Run in a lab `llm` whose server is up, with its own Python: llm_score.py SEED...
"""

import random
import sys

sys.path.insert(0, ".mlops-lab/lab/verify")

import alerts
import contract

ALERTS = 25

for seed in sys.argv[1:]:
    known = alerts.make(ALERTS, random.Random(int(seed)))
    answers = list(contract.lines([text for text, _ in known]))
    values = [contract.valid(line) for line in answers]
    right = sum(value == fields for value, (_, fields) in zip(values, known, strict=True))
    valid = sum(value is not None for value in values)
    print(f"seed {seed}: {right} of {ALERTS} are exactly right, {valid} are valid", flush=True)

"""Are answers and outcomes joined by request, and would somebody hear if the outcomes stopped?"""

import json
import random
import subprocess
import sys
import uuid
from collections import Counter

import lab
import verdict

GOOD = 0.75  # both versions are clearly better than that


def joined(predictions: list, outcomes: list) -> dict[str, list]:
    with verdict.fresh_bytecode():
        done = subprocess.run(
            [sys.executable, ".mlops-lab/lab/verify/joined.py"],
            input=json.dumps([predictions, outcomes]),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    if done.returncode:
        verdict.not_yet(f"quality/join.py: {done.stderr.strip().splitlines()[-1][:200]}")
    return json.loads(done.stdout)


def examine_join() -> None:
    """Outcomes in another order, corrected ones, unknown ones, and some that are still missing."""
    predictions, outcomes, expected = [], [], {}
    for number in range(300):
        version, probability = random.choice("123"), round(random.random(), 6)
        identity = str(uuid.uuid4())
        line = {"id": identity, "at": number, "version": version, "probability": probability}
        predictions.append(line)
        if random.random() < 0.7:
            rolled_back = int(random.random() < 0.3)
            outcomes.append({"id": identity, "rolled_back": rolled_back})
            expected.setdefault(version, []).append([probability, rolled_back])
    random.shuffle(outcomes)
    # Corrected later: the last one counts. And deployments that nobody asked about.
    wrong = [one | {"rolled_back": 1 - one["rolled_back"]} for one in outcomes[::7]]
    outcomes = wrong + [{"id": str(uuid.uuid4()), "rolled_back": 1} for _ in range(9)] + outcomes
    found = joined(predictions, outcomes)
    for version, pairs in expected.items():
        got = [list(pair) for pair in found.get(version, [])]
        if len(got) != len(pairs):
            verdict.not_yet(
                f"version {version} has {len(pairs)} answers with an outcome, and not {len(got)}"
            )
        if Counter(map(tuple, got)) != Counter(map(tuple, pairs)):
            verdict.not_yet(f"answers of version {version} get the outcomes of other deployments")


def examine_alerts() -> None:
    """promtool's clock begins at 0, so a time stamp of n is the n-th second."""
    newest = 'model_last_outcome_timestamp_seconds{job="quality"}'
    auc = 'model_live_auc{job="quality", version="%s"}'
    steady: lab.Series = {newest: "0+1x180", auc % 1: "0.83x180", auc % 2: "0.85x180"}
    missing, worse = "OutcomesMissing", "AnswersWorse"
    paused = steady | {newest: "0+1x60 60x4 65+1x100"}
    dead = steady | {newest: "0+1x60 60x120"}
    gone = {auc % 1: "0.83x180"}
    half = steady | {auc % 2: "0.85x60 0.55x120"}
    ticket = {"severity": "ticket"}
    days = [
        (missing, "an outcome comes each second", steady, 170, {}),
        (worse, "both versions are as in training", steady, 170, {}),
        (missing, "none came for 5 seconds", paused, 66, {}),
        (missing, "the last outcome came a minute ago", dead, 120, ticket),
        (missing, "not one outcome has come", gone, 170, ticket),
        (worse, "version 2 has an AUC of 0.55", half, 120, ticket | {"version": "2"}),
    ]
    lab.judge(FILES, [lab.day(*it, **labels) for *it, labels in days])


FILES = lab.check_rules()
examine_join()
examine_alerts()
lab.in_force("OutcomesMissing", "AnswersWorse", kind="alerting")
for version in ("1", "2"):
    expression = f'model_live_auc{{version="{version}"}} > {GOOD}'
    if not lab.until(lambda expression=expression: lab.query(expression), 12):
        now = lab.query(f'model_live_auc{{version="{version}"}}')
        says = f"is {now[0]['value']:.2f}" if now else "is not there"
        verdict.not_yet(f"the live AUC of version {version} {says}: restart quality")
print("each answer has the outcome of its own deployment, and missing ones are an alert")

"""Are the inputs counted into the bins of the training, and is the PSI of them right?"""

import json
import math
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import lab
import verdict

sys.path.insert(0, ".")
from features import FEATURES  # the project's

COUNT = ".mlops-lab/lab/verify/count.py"
PSI = "model:input_psi:30s"
FLOOR = 0.001


def profile() -> dict[str, dict[str, list[float]]]:
    found = {}
    for name in FEATURES:
        edges = sorted(random.sample(range(1, 30), random.randint(1, 6)))
        found[name] = {"edges": edges, "shares": [1 / (len(edges) + 1)] * (len(edges) + 1)}
    return found


def counted() -> None:
    """Rows of several requests, with values that are edges, below and above all of them."""
    known = profile()
    batches = [
        [[random.randint(0, 31) for _ in FEATURES] for _ in range(size)] for size in (1, 7, 64, 1)
    ]
    expected: dict[str, float] = {
        f"{name} {number}": 0
        for name in FEATURES
        for number in range(len(known[name]["edges"]) + 1)
    }
    for row in (row for batch in batches for row in batch):
        for name, value in zip(FEATURES, row, strict=True):
            expected[f"{name} {sum(edge <= value for edge in known[name]['edges'])}"] += 1
    with tempfile.TemporaryDirectory() as folder, verdict.fresh_bytecode():
        Path(folder, "profile.json").write_text(json.dumps(known), "utf-8")
        done = subprocess.run(
            [sys.executable, COUNT],
            input=json.dumps(batches),
            env=os.environ | {"MODELS_DIR": folder, "DATA_DIR": folder},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    if done.returncode:
        verdict.not_yet(f"observe/inputs.py: {done.stderr.strip().splitlines()[-1][:200]}")
    found = json.loads(done.stdout)
    rows = sum(map(len, batches))
    for key, number in expected.items():
        name, place = key.split()
        got = found["after"].get(key, 0)
        if got != number:
            verdict.not_yet(
                f"of {rows} rows {number:g} belong to bin {place} of {name}, not {got:g}"
            )
    if extra := found["after"].keys() - expected.keys():
        verdict.not_yet(f"there is a series for {min(extra)}, which is no bin")
    if found["before"] < len(expected):
        verdict.not_yet("not every bin has a series from the start, with 0")


def planted() -> lab.Day:
    """Two features with three to six bins, one of them empty now."""
    series: lab.Series = {}
    tests = []
    for name in ("lines_changed", "hour"):
        bins = random.randint(3, 6)
        weights = [random.randint(5, 60) for _ in range(bins)]
        rates = [random.randint(1, 40) for _ in range(bins - 1)] + [0]
        psi = 0.0
        for number in range(bins):
            share = round(weights[number] / sum(weights), 4)
            labels = f'feature="{name}", bin="{number}", job="model", instance="a"'
            series[f"model_training_share{{{labels}}}"] = f"{share}x120"
            series[f"model_input_rows_total{{{labels}}}"] = f"0+{rates[number]}x120"
            now = max(rates[number] / sum(rates), FLOOR)
            psi += (now - share) * math.log(now / share)
        one = f'{PSI}{{feature="{name}"}}'
        tests.append(lab.holds(f"abs({one} - {psi:.5f}) < {psi / 100 + 1e-4:.6f}", 90))
        tests.append(lab.holds(f"count({one}) == 1", 90))
        now = f"{rates} rows a second, in bins of the sizes {weights}"
        otherwise = f"{PSI} is not {psi:.3f} for {now}"
    return lab.Day(series, tests, otherwise)


FILES = lab.check_rules()
counted()
lab.judge(FILES, [planted()])
lab.in_force(PSI)
for name in FEATURES:
    if not lab.until(lambda name=name: lab.query(f'{PSI}{{feature="{name}"}} >= 0'), 10):
        verdict.not_yet(f"{PSI} has no value for {name} in the live Prometheus")
print("eight features are counted as the training was, and each has its PSI")

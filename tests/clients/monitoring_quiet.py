"""Ten times five minutes of healthy traffic, from the first second of a server: InputDrift must not
fire once. Run in a folder of the lab `monitoring` that has its models and the rules of all steps.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, ".")
import numpy as np
from features import FEATURES
from train.data import make

SEEDS, SECONDS, PER_SECOND = range(101, 111), 300, 25
RULES = Path("config/rules/drift.yml").resolve()
EVER = (
    'count(count_over_time(ALERTS{alertname="InputDrift", alertstate="firing"}[5m])) or vector(0)'
)


def day(seed: int, times: float = 1) -> list[dict[str, str]]:
    """What would be scraped each second. With `times` one feature is so many times too large."""
    profile = json.loads(Path("models/profile.json").read_text("utf-8"))
    rows = make(SECONDS * PER_SECOND, seed).features
    rows[:, FEATURES.index("days_since_deploy")] *= times
    series = []
    for name, values in zip(FEATURES, rows.T, strict=True):
        bins = np.searchsorted(profile[name]["edges"], values, "right")
        for number, share in enumerate(profile[name]["shares"]):
            labels = f'feature="{name}", bin="{number}"'
            seen = np.cumsum(bins == number)[PER_SECOND - 1 :: PER_SECOND]
            series += [
                {"series": f"model_training_share{{{labels}}}", "values": f"{share}x{SECONDS}"},
                {
                    "series": f"model_input_rows_total{{{labels}}}",
                    "values": " ".join(map(str, [0, *seen])),
                },
            ]
    return series


def alerts(series: list[dict[str, str]], expected: int) -> bool:
    asked = {"expr": EVER, "eval_time": f"{SECONDS}s"}
    asked["exp_samples"] = [{"labels": "{}", "value": expected}]
    test = {"interval": "1s", "input_series": series, "promql_expr_test": [asked]}
    whole = {"rule_files": [str(RULES)], "evaluation_interval": "1s", "tests": [test]}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(whole, file)
        file.flush()
        argv = ["promtool", "test", "rules", file.name]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode and "FAILED" not in done.stdout + done.stderr:
        raise SystemExit(done.stdout + done.stderr)
    return done.returncode == 0


loud = [seed for seed in SEEDS if not alerts(day(seed), 0)]
assert not loud, f"InputDrift fires on healthy traffic of the seeds {loud}"
assert alerts(day(1, times=24), 1), "InputDrift does not fire when days become hours"
print(f"{len(SEEDS)} times {SECONDS} s of healthy traffic: silent. Days that are hours: one alert")

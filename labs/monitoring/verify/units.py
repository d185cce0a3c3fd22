"""Are the inputs those of the training again, and is nothing hidden to make it look so?"""

import sys

import drift
import lab
import numpy as np
import verdict
from silence import silenced

sys.path.insert(0, ".")
from features import FEATURES  # the project's
from train.data import TRAIN_SEED, make

# As model:input_psi:30s, of the last 10 seconds: what is over should be seen to be over.
NOW = """
sum by (feature, bin) (increase(model_input_rows_total[10s])) / on (feature) group_left ()
sum by (feature) (increase(model_input_rows_total[10s]))
"""
THEN = "max by (feature, bin) (model_training_share)"
PSI = f"""
sum by (feature) (
  (clamp_min({NOW}, 0.001) - on (feature, bin) {THEN})
  * on (feature, bin) ln(clamp_min({NOW}, 0.001) / on (feature, bin) {THEN})
)
"""
ANNOUNCED = "lines_changed"  # the campaign of the step drift
PATIENCE = 30  # seconds


def odd() -> list[str]:
    found = {one["metric"]["feature"]: one["value"] for one in lab.query(PSI)}
    if len(found) < len(FEATURES):
        return ["some"]
    return [name for name, psi in found.items() if name != ANNOUNCED and not psi < 0.2]


def shares_of_training(values: np.ndarray) -> list[float]:
    deciles = np.unique(np.quantile(values, np.arange(0.1, 1, 0.1), method="higher"))
    edges = deciles[deciles > values.min()]
    return (np.bincount(np.searchsorted(edges, values, "right")) / len(values)).tolist()


def examine_profile() -> None:
    """What is compared with must still be the training, and not what has come since."""
    # A Prometheus that has just started has not scraped the server yet.
    shares = lab.until(lambda: lab.query("model_training_share"), 15)
    if not shares:
        verdict.not_yet("Prometheus has no model_training_share: is the server scraped?")
    found = {(one["metric"]["feature"], one["metric"]["bin"]): one["value"] for one in shares}
    for name, values in zip(FEATURES, make(6000, TRAIN_SEED).features.T, strict=True):
        for number, share in enumerate(shares_of_training(values)):
            if abs(found.get((name, str(number)), 0) - share) > 0.001:
                verdict.not_yet(f"the profile of {name} is no longer that of the training")


FILES = lab.check_rules()
examine_profile()
for name in FEATURES:
    labels = {"alertname": drift.ALERT, "feature": name, "severity": "ticket"}
    if name != ANNOUNCED and silenced(labels):
        verdict.not_yet(f"{drift.ALERT} of {name} is silenced")
drift.examine(FILES)
lab.in_force(drift.ALERT, kind="alerting")
if not lab.until(lambda: not odd(), PATIENCE):
    verdict.not_yet(f"the inputs of {', '.join(odd())} are not those of the training")
print("the inputs are those of the training, and would be missed if they were not")

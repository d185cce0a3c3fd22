"""Does drift become a ticket, and is the campaign, and nothing else, silenced?"""

import json
import sys
import time
from datetime import UTC, datetime
from typing import Any

import drift
import lab
import live
import verdict
from silence import silenced

sys.path.insert(0, ".")
from features import FEATURES  # the project's
from train.data import make

DAYS = 8  # a campaign of a week


def examine_silence() -> None:
    if not silenced({"alertname": drift.ALERT, "feature": "lines_changed", "severity": "ticket"}):
        verdict.not_yet(f"a ticket for {drift.ALERT} of lines_changed is not silenced")
    for name in FEATURES[1:]:
        if silenced({"alertname": drift.ALERT, "feature": name, "severity": "ticket"}):
            verdict.not_yet(f"the silence is too broad: it also silences {drift.ALERT} of {name}")
    for name in ("ModelErrorsPage", "ModelNotScraped", "AnswersWorse"):
        others = ({}, {"feature": "lines_changed"})
        if any(silenced({"alertname": name, "severity": "page"} | more) for more in others):
            verdict.not_yet(f"the silence is too broad: it also silences {name}")
    for one in lab.get(lab.ALERTMANAGER, "/api/v2/silences"):
        ends = datetime.fromisoformat(one["endsAt"])
        if one["status"]["state"] == "active" and (ends - datetime.now(UTC)).days >= DAYS:
            verdict.not_yet(f"a silence lasts until {one['endsAt']}: longer than the campaign")


def received(feature: str, since: float) -> list[dict[str, Any]]:
    found = lab.get(lab.RECEIVER, "/alerts")
    wanted = {"alertname": drift.ALERT, "feature": feature}
    return [
        one
        for one in found
        if one["at"] >= since
        and one["to"] == "ticket"
        and one["status"] == "firing"
        and wanted.items() <= one["labels"].items()
    ]


def examine_live() -> None:
    """Odd rows for the live server, of a feature that is quiet, until the ticket is there."""
    firing = {
        one["metric"].get("feature") for one in lab.query(f'ALERTS{{alertname="{drift.ALERT}"}}')
    }
    feature = next(name for name in reversed(FEATURES) if name not in firing)
    since = time.time()
    rows = make(1000, int(since)).features
    rows[:, FEATURES.index(feature)] = 1000
    end = time.monotonic() + 30
    while time.monotonic() < end and not received(feature, since):
        for start in range(0, 200, 50):
            part = rows[start : start + 50]
            tensor = {"name": "features", "datatype": "FP32", "shape": list(part.shape)}
            asked = {"inputs": [tensor | {"data": part.ravel().tolist()}]}
            code, _ = live.ask(lab.API + "/v2/models/rollback/infer", json.dumps(asked).encode())
            if code != 200:
                verdict.cannot_tell(f"the server answers {code} to a correct request")
        time.sleep(0.5)
    if not received(feature, since):
        verdict.not_yet(f"{feature} drifted for 30 s, and no ticket came to the receiver")


FILES = lab.check_rules()
drift.examine(FILES)
lab.in_force(drift.ALERT, kind="alerting")
examine_silence()
examine_live()
print("drift becomes a ticket within seconds, and the campaign is silent")

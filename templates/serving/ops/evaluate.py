"""Is the model in production any good? python -m ops.evaluate [--version V]

Asks the live server about deployments whose outcome is known by now, and scores the answers. Health
checks cannot see what this sees: a model that answers fast, with 200, and wrong.
"""

import argparse
import json
from urllib.request import Request, urlopen

import numpy as np

from ops.endpoint import api
from train.data import HOLDOUT_SEED, auc, make

REQUESTS, ROWS = 80, 50  # many requests, so that a canary of a few percent answers some of them


def ask(url: str, rows: np.ndarray) -> tuple[str, list[float]]:
    """Which version answered, and its probabilities."""
    tensor = {
        "name": "features",
        "datatype": "FP32",
        "shape": list(rows.shape),
        "data": rows.tolist(),
    }
    asked = {"inputs": [tensor], "outputs": [{"name": "probabilities"}]}
    with urlopen(Request(url, json.dumps(asked).encode()), timeout=10) as response:
        answer = json.load(response)
    return answer["model_version"], answer["outputs"][0]["data"][1::2]


def main() -> None:
    parser = argparse.ArgumentParser(description="Scores the live server on known outcomes.")
    parser.add_argument("--version", help="call this version, whatever the routes are")
    pinned = parser.parse_args().version

    path = "/v2/models/rollback" + (f"/versions/{pinned}" if pinned else "") + "/infer"
    known = make(REQUESTS * ROWS, HOLDOUT_SEED)
    probability = np.empty(len(known.rolled_back))
    answered_by = np.empty(len(known.rolled_back), dtype=object)
    for start in range(0, len(probability), ROWS):
        rows = slice(start, start + ROWS)
        answered_by[rows], probability[rows] = ask(api() + path, known.features[rows])

    def score(rows: np.ndarray) -> dict[str, float]:
        return {
            "rows": int(rows.sum()),
            "auc": round(auc(known.rolled_back[rows], probability[rows]), 4),
            "expects_rollback": round(float((probability[rows] > 0.5).mean()), 4),
        }

    everything = score(np.full(len(probability), True))
    versions = {version: score(answered_by == version) for version in sorted(set(answered_by))}
    happened = round(float(known.rolled_back.mean()), 4)
    print(json.dumps(everything | {"was_rolled_back": happened, "versions": versions}, indent=2))


if __name__ == "__main__":
    main()

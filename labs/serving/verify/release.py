"""Are risky deployments flagged again, by every version that gets traffic?"""

import json
import random
import sys

import lab
import numpy as np
import verdict

sys.path.insert(0, ".")
from train.data import Deployments, auc, make  # the project's

ROWS, ENOUGH = 1000, 0.75


def asked(path: str, known: Deployments) -> tuple[float, int]:
    """The AUC of the answers, and how many of the deployments that were rolled back are flagged."""
    tensor = {
        "name": "features",
        "datatype": "FP32",
        "shape": list(known.features.shape),
        "data": known.features.ravel().tolist(),
    }
    question = json.dumps({"inputs": [tensor]}).encode()
    code, body = lab.ask(f"/v2/models/rollback{path}/infer", question)
    if code != 200:
        verdict.not_yet(
            f"predictions are answered with {code}: {body[:200].decode(errors='replace')}"
        )
    outputs = {output["name"]: output["data"] for output in json.loads(body)["outputs"]}
    flagged = np.array(outputs["label"])[known.rolled_back == 1].sum()
    return auc(known.rolled_back, np.array(outputs["probabilities"][1::2])), int(flagged)


def main() -> None:
    known = make(ROWS, random.randrange(2**31))
    happened = int(known.rolled_back.sum())
    score, flagged = asked("", known)
    if score < ENOUGH:
        verdict.not_yet(
            f"of {happened} deployments that had to be rolled back, {flagged} were flagged as risky"
        )
    # A small share of the traffic may not show in one request: each version is called by name.
    routed = [
        dict(labels)["version"]
        for (name, labels), share in lab.metrics().items()
        if name == "model_route_share" and share > 0
    ]
    for version in routed:
        score, _ = asked(f"/versions/{version}", known)
        if score < ENOUGH:
            verdict.not_yet("a version with worthless answers still gets a part of the traffic")
    print(f"of {happened} deployments that had to be rolled back, {flagged} were flagged as risky")


main()

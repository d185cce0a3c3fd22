"""Do both versions rate as they were trained to? Does contract.json name what they take?"""

import json

import lab
import numpy as np
import verdict
from train.data import HOLDOUT_SEED, auc, make  # the project's

# What the two score on deployments that they have not seen; other processors round otherwise.
SCORES = {"1": 0.83, "2": 0.845}
TOLERANCE = 0.01


def main() -> None:
    holdout = make(4000, HOLDOUT_SEED)
    rows = holdout.features.tolist()
    for version, wanted in SCORES.items():
        rated = lab.predict(f"/versions/{version}", rows)
        if len(rated) != len(rows):
            verdict.not_yet(f"version {version} rates {len(rated)} of {len(rows)} deployments")
        score = auc(holdout.rolled_back, np.array(rated))
        if score < wanted - TOLERANCE:
            verdict.not_yet(
                f"version {version} has an AUC of {score:.3f}, not about {wanted}: "
                f"{'hardly better than a coin' if score < 0.6 else 'not what the training exports'}"
            )
    examine_contract()
    print("both versions score as they should, and contract.json matches the server's metadata")


def examine_contract() -> None:
    stated = verdict.read_json("contract.json")
    _, answer = lab.ask(f"{lab.MODEL}/versions/1/metadata")
    try:
        signature = answer["metadata"]["signature_def"]["signature_def"]["serving_default"]
        ((name, tensor),) = signature["inputs"].items()
        ((output, _),) = signature["outputs"].items()
        shape = [int(dim["size"]) for dim in tensor["tensor_shape"]["dim"]]
    except (KeyError, TypeError, ValueError):
        verdict.not_yet("the server's metadata has no signature serving_default with one input")
    wanted = {"signature": "serving_default", "input": name, "dtype": tensor["dtype"]}
    wanted |= {"shape": shape, "output": output}
    for key, value in wanted.items():
        if not isinstance(stated, dict) or stated.get(key) != value:
            found = stated.get(key) if isinstance(stated, dict) else stated
            verdict.not_yet(
                f"contract.json: {key} is {json.dumps(found)}, and that is not what the server's "
                "metadata has for serving_default"
            )


main()

"""Loads the champion from the registry and calls it: python -m client.load requests/risky.json

The caller names a model and an alias. Which version that is, who trained it, and where its file
lies is the registry's business.
"""

import json
import sys
from pathlib import Path

import mlflow
import numpy as np

from features import FEATURES
from ops import endpoint
from ops.registry import ALIAS, MODEL, champion


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: python -m client.load FILE", file=sys.stderr)
        return 2
    deployment = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    row = np.array([[deployment[name] for name in FEATURES]], dtype=np.float32)

    endpoint.tracking()
    version = champion()
    model = mlflow.pyfunc.load_model(f"models:/{MODEL}@{ALIAS}")
    answer = model.predict({"features": row})
    print(
        json.dumps(
            {
                "rolled_back": bool(answer["label"][0]),
                "probability": round(float(answer["probabilities"][0][1]), 6),
                "version": version.version,
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

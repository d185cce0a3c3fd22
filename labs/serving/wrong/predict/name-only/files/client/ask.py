"""Asks the model about one deployment: python -m client.ask requests/risky.json

tritonclient is NVIDIA's client for its Triton server. It speaks the open protocol, so it works
with every server that does: Triton, KServe, MLServer, OpenVINO, and the one in this folder.
"""

import json
import sys
from pathlib import Path

import numpy as np
from tritonclient.http import InferenceServerClient, InferInput
from tritonclient.utils import InferenceServerException

from features import FEATURES
from ops.endpoint import api


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: python -m client.ask FILE", file=sys.stderr)
        return 2
    deployment = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    row = np.array([[deployment[name] for name in FEATURES]], dtype=np.float64)

    tensor = InferInput("features", list(row.shape), "FP64")
    tensor.set_data_from_numpy(row)
    client = InferenceServerClient(api().removeprefix("http://"))
    try:
        answer = client.infer("rollback", [tensor])
    except InferenceServerException as error:
        print(f"the server refused: {error.message()}", file=sys.stderr)
        return 1
    print(
        json.dumps(
            {
                "rolled_back": bool(answer.as_numpy("label")[0]),
                "probability": round(float(answer.as_numpy("probabilities")[0][1]), 6),
                "version": answer.get_response()["model_version"],
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

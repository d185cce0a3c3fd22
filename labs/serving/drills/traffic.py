"""The traffic of an ordinary day, until it is ended: deployments that are about to happen."""

import itertools
import json
import os
import sys
import time
from urllib.request import Request, urlopen

sys.path.insert(0, ".")  # the project
from train.data import make

URL = os.environ["MLOPS_LAB_ENDPOINT_API"].rstrip("/") + "/v2/models/rollback/infer"
ROWS, PAUSE = 5, 0.2

for seed in itertools.count(time.time_ns() % 2**31):
    rows = make(ROWS, seed).features
    tensor = {
        "name": "features",
        "datatype": "FP32",
        "shape": list(rows.shape),
        "data": rows.ravel().tolist(),
    }
    try:
        with urlopen(Request(URL, json.dumps({"inputs": [tensor]}).encode()), timeout=5) as answer:
            answer.read()
    except OSError:  # not reachable, or refused: the traffic goes on
        pass
    time.sleep(PAUSE)

"""Asks version 2 by name, so that its counter moves."""

import os
from pathlib import Path
from urllib.request import urlopen

BODY = Path("requests/infer.json").read_bytes()
for _ in range(20):
    url = os.environ["MLOPS_LAB_ENDPOINT_API"] + "/v2/models/rollback/versions/2/infer"
    urlopen(url, BODY, timeout=5).close()

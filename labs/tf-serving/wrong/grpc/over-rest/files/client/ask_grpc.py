import json
import sys
from pathlib import Path
from urllib.request import urlopen

from features import FEATURES
from ops.endpoint import api

deployment = json.loads(Path(sys.argv[1]).read_text("utf-8"))
body = json.dumps({"instances": [[deployment[name] for name in FEATURES]]}).encode()
url = api() + "/v1/models/rollback/labels/stable:predict"
with urlopen(url, data=body, timeout=10) as response:
    probability = json.load(response)["predictions"][0]
print(json.dumps({"rolled_back": probability >= 0.5, "probability": probability, "version": "1"}))

"""The availability of the model, from the server's own counters: python -m ops.sli [FILE]"""

import json
import re
import sys
from pathlib import Path
from urllib.request import urlopen

from ops.endpoint import api

SERIES = re.compile(r'^model_requests_total\{.*?code="(\d)\d\d".*\} (\S+)$', re.MULTILINE)

if len(sys.argv) > 1:
    page = Path(sys.argv[1]).read_text("utf-8")
else:
    page = urlopen(f"{api()}/metrics", timeout=5).read().decode()
counted = [(kind, float(value)) for kind, value in SERIES.findall(page)]
requests = sum(value for _, value in counted)
failed = sum(value for kind, value in counted if kind == "5")
availability = (requests - failed) / requests if requests else 1
print(json.dumps({"requests": requests, "failed": failed, "availability": availability}, indent=2))

"""The availability of the model, from the server's own counters: python -m ops.sli [FILE]

Without a file it reads /metrics of the live server. An SLI (service level indicator) is the number
that an SLO sets a target for.
"""

import json
import sys
from pathlib import Path
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from ops.endpoint import api


def sli(exposition: str) -> dict[str, float]:
    requests = failed = 0.0
    for family in text_string_to_metric_families(exposition):
        for sample in family.samples:
            if sample.name != "model_requests_total":
                continue
            requests += sample.value
            if sample.labels["code"] != "200":
                failed += sample.value
    availability = 1 - failed / requests if requests else 1.0
    return {"requests": requests, "failed": failed, "availability": round(availability, 6)}


def main() -> None:
    if len(sys.argv) > 1:
        exposition = Path(sys.argv[1]).read_text("utf-8")
    else:
        with urlopen(f"{api()}/metrics", timeout=5) as response:
            exposition = response.read().decode()
    print(json.dumps(sli(exposition)))


if __name__ == "__main__":
    main()

"""What the load asks, and what the server says of itself: for ops/load.py and ops/locustfile.py."""

import json
from pathlib import Path
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from features import FEATURES
from ops.endpoint import api

METHOD, PATH = "POST", "/v2/models/rollback/infer"
DEPLOYMENT = json.loads(Path("requests/risky.json").read_text("utf-8"))
BODY = json.dumps(
    {
        "inputs": [
            {
                "name": "features",
                "datatype": "FP32",
                "shape": [1, len(FEATURES)],
                "data": [DEPLOYMENT[name] for name in FEATURES],
            }
        ]
    }
)


def server() -> dict[str, float]:
    """The server's own account: what it counted, and since when."""
    with urlopen(f"{api()}/metrics", timeout=5) as response:
        families = list(text_string_to_metric_families(response.read().decode()))
    samples = [sample for family in families for sample in family.samples]

    def total(name: str) -> float:
        return sum(sample.value for sample in samples if sample.name == name)

    return {
        "requests": total("model_requests_total"),
        "started": total("server_start_time_seconds"),
    }


def told(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """What the report says of the server, from its account before and after."""
    return {
        "started": after["started"],
        "requests_before": before["requests"],
        "requests_after": after["requests"],
    }

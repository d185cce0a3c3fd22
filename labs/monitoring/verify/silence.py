"""What Alertmanager would do with an alert: a probe of it, which ends by itself."""

import time
from datetime import UTC, datetime
from urllib.parse import urlencode

import lab
import verdict

PROBE = {"probe": "check"}


def silenced(labels: dict[str, str]) -> bool:
    end = datetime.fromtimestamp(time.time() + 2, UTC).isoformat()
    code, body = lab.post(
        lab.ALERTMANAGER, "/api/v2/alerts", [{"labels": labels | PROBE, "endsAt": end}]
    )
    if code != 200:
        verdict.cannot_tell(f"Alertmanager answers {code}: {body[:200].decode()}")
    filters = [("filter", f'{name}="{value}"') for name, value in (labels | PROBE).items()]
    path = "/api/v2/alerts?" + urlencode(filters)

    def state() -> str:
        found = lab.get(lab.ALERTMANAGER, path)
        states = [one["status"]["state"] for one in found]
        return "" if not states or "unprocessed" in states else states[0]

    return lab.until(state, 2) == "suppressed"

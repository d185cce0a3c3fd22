"""Does ops/sli.py report the availability? Asked about the live server and about a bad day."""

import random
import sys
import tempfile
from pathlib import Path

import lab
import verdict


def judge(where: str, said: dict, requests: tuple[float, float], failed: float) -> None:
    try:
        counted, bad, availability = (
            float(said[k]) for k in ("requests", "failed", "availability")
        )
    except (KeyError, TypeError, ValueError):
        verdict.not_yet(f"ops.sli must print requests, failed and availability, not {said!r}")
    if not requests[0] <= counted <= requests[1]:
        verdict.not_yet(f"{where}: ops.sli counts {counted:g} requests, there were {requests[0]:g}")
    if bad != failed:
        verdict.not_yet(f"{where}: ops.sli counts {bad:g} failures, the server made {failed:g}")
    if abs(availability - (1 - failed / counted)) > 1e-4:
        verdict.not_yet(f"{where}: availability {availability} does not follow from {said}")


def live() -> None:
    """A caller's mistake is made first, so that there is one to misjudge."""
    code, _ = lab.ask("/v2/models/rollback/infer", b"oops")
    if code != 400:
        verdict.not_yet(f"the server answered {code} to a malformed request, not 400")
    before = lab.metrics()
    said = verdict.run(sys.executable, "-m", "ops.sli")
    after = lab.metrics()
    name = "model_requests_total"
    failed = sum(lab.total(after, name, code=code) for code in ("500", "502", "503", "504"))
    judge("live", said, (lab.total(before, name), lab.total(after, name)), failed)


def incident() -> None:
    """A day with failures of every kind, other numbers each time, and series that are decoys."""
    count = {code: random.randint(10, 500) for code in ("200", "400", "404", "413", "500", "503")}
    lines = ["# TYPE model_requests_total counter"]
    lines += [
        f'model_requests_total{{code="{code}",model="rollback",version="{version}"}} {n}'
        for code, n in count.items()
        for version in ("1", "2")
    ]
    lines += ["# TYPE http_requests_total counter", 'http_requests_total{code="500"} 7', ""]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "incident.prom"
        file.write_text("\n".join(lines), "utf-8")
        said = verdict.run(sys.executable, "-m", "ops.sli", str(file))
    requests = 2.0 * sum(count.values())
    judge("incident", said, (requests, requests), 2.0 * (count["500"] + count["503"]))


live()
incident()
print("the live server and a bad day: both reported right")

"""Does the engineer on call get answers at once, whatever others send?"""

import json
import time
import urllib.error
import urllib.request

import lab
import live
import verdict

TRIES, WAIT_MS = 4, 1000
REPORT, THREADS, SECONDS = "nightly-report", 14, 15


def wait_for_report() -> None:
    """After a restart it is back within seconds; where it does not run nobody is waited for.

    Each of its threads has asked when as many requests are here, or were answered or refused.
    """
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        series = lab.counters()
        answered = sum(
            n
            for name, n in series.items()
            if name.startswith("front_requests_total{") and f'"{REPORT}"' in name
        )
        here = lab.total(series, "front_active") + lab.total(series, "front_waiting")
        if answered + here >= THREADS:
            return
        time.sleep(0.5)


wait_for_report()
for number in range(1, TRIES + 1):
    body = lab.prompt(f"Alert {number}: what is a 503?", max_tokens=4) | {"user": "oncall"}
    request = urllib.request.Request(lab.API + lab.CHAT, json.dumps(body).encode())
    try:
        with live.OPENER.open(request, timeout=600) as answer:
            waited = int(answer.headers.get("x-waited-ms", "0"))
            answer.read()
    except urllib.error.HTTPError as error:
        verdict.not_yet(
            f"question {number} of the engineer on call is answered with {error.code}: "
            f"{lab.error(json.loads(error.read()))}"
        )
    except OSError as error:
        verdict.cannot_tell(f"{lab.API} cannot be reached: {error}")
    if waited > WAIT_MS:
        verdict.not_yet(
            f"question {number} of the engineer on call waited {waited / 1000:.0f} s for a slot"
        )
print(f"{TRIES} questions of the engineer on call were answered without waiting for a slot")

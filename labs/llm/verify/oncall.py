"""Does the engineer on call get answers at once, whatever others send?"""

import json
import time
import urllib.error
import urllib.request

import lab
import live
import verdict

TRIES, WAIT_MS = 4, 1000
PAUSE = 2.0  # after a restart others need a moment until they are back

for number in range(1, TRIES + 1):
    time.sleep(PAUSE)
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

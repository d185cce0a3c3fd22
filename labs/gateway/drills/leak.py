"""Notes which key is out, and waits until the team feels it."""

import hashlib
import json
import os
import time
import urllib.error
import urllib.request
from pathlib import Path

URL = os.environ["MLOPS_LAB_ENDPOINT_API"].rstrip("/") + "/v1/chat/completions"
SECONDS = 60

found = {
    "leaked": os.environ["SUPPORT_KEY"],
    "other": hashlib.sha256(os.environ["SEARCH_KEY"].encode()).hexdigest(),
}
file = Path(os.environ["MLOPS_LAB_RUN"], "leaked.json")  # with what runs, not in the project
with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as note:
    json.dump(found, note)

body = {"model": "smollm2", "messages": [{"role": "user", "content": "Hello."}], "max_tokens": 1}
headers = {"Authorization": f"Bearer {found['leaked']}", "Content-Type": "application/json"}
end = time.monotonic() + SECONDS
while time.monotonic() < end:
    try:
        request = urllib.request.Request(URL, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.read()
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 429:
            break
    except OSError:
        pass
    time.sleep(0.3)

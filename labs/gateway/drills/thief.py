"""Someone who has found the key of support, and asks as long as it opens the door."""

import json
import os
import time
import urllib.error
import urllib.request

URL = os.environ["MLOPS_LAB_ENDPOINT_API"].rstrip("/") + "/v1/chat/completions"
HEADERS = {
    "Authorization": f"Bearer {os.environ['SUPPORT_KEY']}",
    "Content-Type": "application/json",
    "User-Agent": "bulk-translate/0.3",
}
BODY = {
    "model": "smollm2",
    "messages": [{"role": "user", "content": "Translate: " + "the quick brown fox " * 60}],
    "max_tokens": 1,
}

while True:
    try:
        request = urllib.request.Request(URL, json.dumps(BODY).encode(), HEADERS)
        with urllib.request.urlopen(request, timeout=120) as answer:
            answer.read()
    except urllib.error.HTTPError as error:
        error.close()
        time.sleep(0.5)  # sent away: it tries again
    except OSError:
        time.sleep(0.5)

"""A nightly report that asks about every log line of the day, from 14 threads, until it ends."""

import json
import os
import random
import threading
import time
import urllib.error
import urllib.request

URL = os.environ["MLOPS_LAB_ENDPOINT_API"].rstrip("/") + "/v1/chat/completions"
THREADS, TOKENS = 14, 64
LINE = "deploy finished, cache warmed, no errors seen on this host. "


def ask() -> None:
    text = f"{random.random()} Summarise these lines: {LINE * 16}"
    body = {
        "model": "smollm2",
        "user": "nightly-report",
        "messages": [{"role": "user", "content": text}],
        "max_tokens": TOKENS,
        "ignore_eos": True,
    }
    try:
        request = urllib.request.Request(URL, json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=600) as answer:
            answer.read()
    except urllib.error.HTTPError as error:
        error.read()
        time.sleep(0.5)  # it does not read Retry-After
    except OSError:
        time.sleep(1)


def work() -> None:
    while True:
        ask()


for _ in range(THREADS):
    threading.Thread(target=work, daemon=True).start()
threading.Event().wait()

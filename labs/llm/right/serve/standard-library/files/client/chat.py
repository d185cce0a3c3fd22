"""Asks the model and prints its answer: python -m client.chat "Name three colours." """

import json
import sys
from urllib.request import Request, urlopen

from ops.endpoint import api

body = {
    "messages": [{"role": "user", "content": sys.argv[1]}],
    "max_tokens": 50,
    "stream": True,
    "stream_options": {"include_usage": True},
}
chunks, usage = 0, {}
with urlopen(Request(f"{api()}/v1/chat/completions", json.dumps(body).encode())) as events:
    for line in events:
        if not line.startswith(b"data: ") or b"[DONE]" in line:
            continue
        event = json.loads(line[6:])
        usage = event.get("usage") or usage
        text = event["choices"][0]["delta"].get("content") if event["choices"] else None
        if text:
            chunks += 1
            sys.stdout.write(text)
            sys.stdout.flush()
tokens = {key: usage[key] for key in ("prompt_tokens", "completion_tokens")}
print("\n" + json.dumps({"chunks": chunks, **tokens}))

"""Does the ledger of a lab `gateway` agree with its callers and its servers after a kill -9?

Run in a lab whose steps are solved, with its own Python: gateway_ledger.py begin|end. OpenAI's own
client asks through the gateway, whole answers and streams; `end` comes after the gateway was killed
in the middle of an answer and is up again.
"""

import json
import sys
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, ".")

from client.api import MODEL, connect
from ops import ledger
from ops.endpoint import setting

NOTE = Path("run/ledger-test.json")
NAMES = ("prompt_tokens", "completion_tokens")


def ask(number: int) -> dict[str, int]:
    """What the caller is told that an answer has cost."""
    team = ("search", "support")[number % 2]
    request = {
        "model": MODEL,
        "messages": [{"role": "user", "content": f"{number}: name a colour."}],
        "max_tokens": 4 + number % 5,
        "temperature": 0,
    }
    completions = connect(team).chat.completions
    if number % 4 < 2:
        usage = completions.create(**request).usage
    else:
        options = {"include_usage": True}
        stream = completions.create(**request, stream=True, stream_options=options)
        usage = [chunk for chunk in stream if chunk.usage][-1].usage
    return {name: getattr(usage, name) for name in NAMES}


def written() -> int:
    """Tokens that the two servers have written, by their own counters."""
    total = 0.0
    for server in "AB":
        url = f"http://127.0.0.1:{setting(f'SERVER_{server}_PORT')}/metrics"
        headers = {"Authorization": f"Bearer {setting('SERVER_KEY')}"}
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith("llamacpp:tokens_predicted_total "):
                    total += float(line.rsplit(" ", 1)[1])
    return round(total)


def entries(least: int) -> list[dict]:
    """Once as many are there, for the log is flushed every tenth of a second."""
    end = time.monotonic() + 30
    while True:
        found = [line for line in ledger.read() if line.get("prompt_tokens")]
        if len(found) >= least or time.monotonic() > end:
            return found
        time.sleep(0.1)


phase = sys.argv[1]
note = json.loads(NOTE.read_text()) if NOTE.exists() else {"written": written(), "asked": []}
note.setdefault("before", len(entries(0)))
note["asked"] += [ask(number) for number in range(12)]
NOTE.write_text(json.dumps(note))
found = entries(note["before"] + len(note["asked"]))[note["before"] :]
for name in NAMES:
    told, kept = (sum(one[name] for one in many) for many in (note["asked"], found))
    assert kept == told, f"{name}: callers were told {told}, the ledger has {kept}"
kept = sum(one["completion_tokens"] for one in found)
grown = written() - note["written"]
if phase == "begin":
    assert grown == kept, f"the servers wrote {grown} tokens, the ledger has {kept}"
else:  # and what they wrote for the caller whose answer was cut
    assert grown >= kept, f"the servers wrote {grown} tokens, the ledger has {kept}"
print(f"{len(found)} answers, {kept} tokens")

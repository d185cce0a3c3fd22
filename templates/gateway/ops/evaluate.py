"""Scores a server on alerts whose answers are known: python -m ops.evaluate a|b

It goes to the server itself, not through the gateway, and asks for the HTTP status in each alert.
"""

import csv
import json
import sys
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path

from ops.endpoint import setting

EXAMPLES, QUESTIONS = Path("data/examples.csv"), Path("data/evaluation.csv")


@dataclass(frozen=True)
class Result:
    total: int
    answered: int  # with status 200
    exact: int  # the status of the alert, and nothing else


def read(file: Path) -> list[tuple[str, str]]:
    """The text of each alert, and the status in it."""
    with file.open(newline="", encoding="utf-8") as rows:
        return [(row["alert"], row["status"]) for row in csv.DictReader(rows)]


def ask(server: str, alert: str) -> str:
    messages = []
    for text, status in read(EXAMPLES):
        messages += [{"role": "user", "content": text}, {"role": "assistant", "content": status}]
    messages.append({"role": "user", "content": alert})
    body = {"model": "smollm2", "messages": messages, "max_tokens": 8, "temperature": 0}
    request = urllib.request.Request(
        f"http://127.0.0.1:{setting(f'SERVER_{server.upper()}_PORT')}/v1/chat/completions",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {setting('SERVER_KEY')}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)["choices"][0]["message"]["content"].strip()


def evaluate(server: str) -> Result:
    answered = exact = 0
    questions = read(QUESTIONS)
    for alert, status in questions:
        try:
            text = ask(server, alert)
        except urllib.error.HTTPError:
            continue
        answered += 1
        exact += text == status
    return Result(len(questions), answered, exact)


if __name__ == "__main__":
    if sys.argv[1:] not in (["a"], ["b"]):
        raise SystemExit("usage: python -m ops.evaluate a|b")
    print(json.dumps(asdict(evaluate(sys.argv[1]))))

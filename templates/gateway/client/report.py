"""Writes the night's report for the team support: python -m client.report "What happened?"

What it prints goes to people who were asleep: they take it for the whole story.
"""

import sys

import httpx
from openai import OpenAIError

from client.api import MODEL, connect


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit('usage: python -m client.report "QUESTION"')
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
    except (OpenAIError, httpx.HTTPError) as error:
        print(f"({type(error).__name__})", file=sys.stderr)
    print()


if __name__ == "__main__":
    main()

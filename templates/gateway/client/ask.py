"""Asks the model for a team: python -m client.ask search "Name three colours." [--stream]

The last line of the output is a JSON object with the tokens, as the server counted them.
"""

import argparse
import json

import httpx
from openai import APIStatusError, OpenAIError

from client.api import MODEL, connect


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m client.ask")
    parser.add_argument("team", choices=["search", "support"])
    parser.add_argument("question")
    parser.add_argument("--stream", action="store_true", help="print the answer as it comes")
    parser.add_argument("--tokens", type=int, default=24, help="the most that it may have")
    given = parser.parse_args()
    request = {
        "model": MODEL,
        "messages": [{"role": "user", "content": given.question}],
        "max_tokens": given.tokens,
        "temperature": 0,
    }
    completions = connect(given.team).chat.completions
    usage = None
    try:
        if given.stream:
            # Without the options a stream never says how many tokens it had.
            options = {"include_usage": True}
            answer = completions.create(**request, stream=True, stream_options=options)
            for chunk in answer:
                if chunk.choices:
                    print(chunk.choices[0].delta.content or "", end="", flush=True)
                usage = chunk.usage
            print()
        else:
            answer = completions.create(**request)
            print(answer.choices[0].message.content)
            usage = answer.usage
    except APIStatusError as error:
        raise SystemExit(f"{error.status_code}: {error.response.text.strip()}") from None
    except (OpenAIError, httpx.HTTPError) as error:  # also in the middle of an answer
        if given.stream:
            print()
        raise SystemExit(f"error: {type(error).__name__}: {error}") from None
    if usage is None:  # a stream can end without an exception and without being over
        raise SystemExit("error: the answer ended before its usage")
    print(json.dumps(usage.model_dump(include={"prompt_tokens", "completion_tokens"})))


if __name__ == "__main__":
    main()

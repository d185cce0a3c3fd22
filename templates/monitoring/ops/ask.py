"""What Prometheus answers."""

import json
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

from ops.endpoint import prometheus


def ask(path: str, **parameters: object) -> list[dict[str, Any]]:
    try:
        with urlopen(f"{prometheus()}/api/v1/{path}?{urlencode(parameters)}", timeout=10) as answer:
            return json.load(answer)["data"]["result"]
    except HTTPError as error:
        raise SystemExit(f"error: {json.load(error)['error']}") from None
    except OSError as error:
        raise SystemExit(f"error: {prometheus()}: {error}") from None


def query(expression: str) -> list[dict[str, Any]]:
    """The series of now: labels as `metric`, and `value` (a time and a text)."""
    return ask("query", query=expression)


def history(expression: str, start: float, end: float, step: int) -> list[dict[str, Any]]:
    """The series between two moments: labels as `metric`, and `values`."""
    return ask("query_range", query=expression, start=start, end=end, step=step)

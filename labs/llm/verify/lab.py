"""What the checks share: the live server's answers, counters and streams."""

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import live
from verdict import cannot_tell, not_yet

API = os.environ.get("MLOPS_LAB_ENDPOINT_API", "http://127.0.0.1:<[ port ]>").rstrip("/")
PYTHON = sys.executable
CHAT = "/v1/chat/completions"
MODEL = "smollm2"


def ask(path: str, body: object = None, timeout: float = 120) -> tuple[int, Any]:
    """Status and JSON of an answer."""
    data = None if body is None else json.dumps(body).encode()
    code, text = live.ask(API + path, data, timeout=timeout)
    try:
        return code, json.loads(text)
    except ValueError:
        return code, None


def prompt(text: str, **more: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": text}]
    return {"model": MODEL, "messages": messages, "temperature": 0, "user": "check"} | more


def error(answer: Any) -> str:
    """The reason that an answer gives, in one line."""
    reason = answer.get("error") if isinstance(answer, dict) else None
    reason = reason.get("message", reason) if isinstance(reason, dict) else reason
    return str(reason or answer)[:200]


def stream(body: dict[str, Any], timeout: float = 300) -> Iterator[str]:
    """The data of each event, as it comes; the status where there is no stream."""
    request = urllib.request.Request(API + CHAT, json.dumps(body | {"stream": True}).encode())
    try:
        with live.OPENER.open(request, timeout=timeout) as answer:
            for line in answer:
                if line.startswith(b"data: "):
                    yield line[6:].decode().strip()
    except urllib.error.HTTPError as refused:
        not_yet(f"a stream is answered with {refused.code}: {refused.read()[:200].decode()}")
    except OSError as failure:
        cannot_tell(f"{API} cannot be reached: {failure}")


Counters = dict[str, float]


def counters() -> Counters:
    """Every series of the live server, labels included in the name."""
    code, body = live.ask(f"{API}/metrics", timeout=60)
    if code != 200:
        not_yet(f"/metrics answers {code}")
    lines = body.decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def total(series: Counters, name: str) -> float:
    """All series of a name together; 0 where there is none."""
    return sum(n for key, n in series.items() if key == name or key.startswith(name + "{"))

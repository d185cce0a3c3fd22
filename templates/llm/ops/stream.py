"""One streamed answer, with the moment of every piece: what ops.load and ops.drain are made of."""

import json
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from client.api import MODEL
from ops.endpoint import api

PATH = "/v1/chat/completions"


@dataclass
class Answer:
    status: int = 0
    sent: float = 0.0  # when the request was sent
    headers: float = 0.0  # when the first byte came
    tokens: list[float] = field(default_factory=list)  # when each piece of text came
    usage: dict[str, int] = field(default_factory=dict)
    done: bool = False  # the stream ended with [DONE]
    error: str = ""


def ask(prompt: str, tokens: int, caller: str) -> Answer:
    """Never raises for what the server does: an answer that broke off is an answer, too."""
    body = {
        "model": MODEL,
        "messages": [{"role": "user", "content": prompt}],
        "max_tokens": tokens,
        "temperature": 0,
        "user": caller,
        "stream": True,
        "stream_options": {"include_usage": True},
        "ignore_eos": True,  # of llama.cpp: exactly so many tokens, whatever the model wants to say
    }
    answer = Answer()
    connection = HTTPConnection(urlsplit(api()).netloc, timeout=300)
    try:
        answer.sent = time.monotonic()
        connection.request("POST", PATH, json.dumps(body))
        response = connection.getresponse()
        answer.status, answer.headers = response.status, time.monotonic()
        if answer.status != 200:
            answer.error = response.read().decode(errors="replace")
            return answer
        for line in response:
            read(line.decode(errors="replace").strip(), answer)
        if not answer.done:
            answer.error = "the stream ended without [DONE]"
    except (OSError, HTTPException) as error:
        answer.error = f"{type(error).__name__}: {error}"
    finally:
        connection.close()
    return answer


def read(line: str, answer: Answer) -> None:
    """One line of the stream: `data: {...}`, an empty one, or the end."""
    if not line.startswith("data: "):
        return
    data = line.removeprefix("data: ")
    if data == "[DONE]":
        answer.done = True
        return
    chunk = json.loads(data)
    answer.usage = chunk.get("usage") or answer.usage
    if chunk["choices"] and chunk["choices"][0]["delta"].get("content"):
        answer.tokens.append(time.monotonic())

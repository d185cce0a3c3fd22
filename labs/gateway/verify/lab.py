"""What the checks share: callers with keys, unread streams, the gateway's own numbers."""

import json
import os
import random
import select
import socket
import sys
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import live
from verdict import cannot_tell, not_yet

API = os.environ.get("MLOPS_LAB_ENDPOINT_API", "http://127.0.0.1:<[ port ]>").rstrip("/")
ADDRESS = urlsplit(API).netloc
PYTHON = sys.executable
RUNTIME = os.environ.get("MLOPS_LAB_RUNTIME", "local")
TEAMS = ("search", "support")
CHAT = "/v1/chat/completions"
ADMIN_SECONDS = 10


def key(team: str) -> str:
    """From .env, which a check has in its environment."""
    return os.environ.get(f"{team.upper()}_KEY") or cannot_tell(f".env has no {team.upper()}_KEY")


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}


def ask(
    path: str,
    body: object = None,
    team: str | None = None,
    headers: dict[str, str] | None = None,
    timeout: float = 120,
    patient: bool = True,
) -> tuple[int, Any, dict[str, str]]:
    """Status, JSON (or text) and headers of an answer; header names are in lower case.

    Who is patient waits for new tokens once: the check before may have spent them.
    """
    sent = (bearer(key(team)) if team else {}) | (headers or {})
    data = None if body is None else json.dumps(body).encode()
    connection = HTTPConnection(ADDRESS, timeout=timeout)
    try:
        connection.request("GET" if data is None else "POST", path, data, sent)
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        got = {name.lower(): value for name, value in answer.getheaders()}
    except (OSError, HTTPException) as error:
        cannot_tell(f"{API}{path} does not answer: {error or type(error).__name__}")
    finally:
        connection.close()
    wait = got.get("retry-after", "")
    if patient and answer.status == 429 and wait.isdigit() and int(wait) <= 60:
        time.sleep(int(wait))
        return ask(path, body, team, headers, timeout, patient=False)
    try:
        return answer.status, json.loads(text), got
    except ValueError:
        return answer.status, text, got


def prompt(text: str, tokens: int = 8, **more: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": text}]
    chat = {"model": "smollm2", "messages": messages, "max_tokens": tokens, "temperature": 0}
    return chat | more


def long_story(tokens: int) -> dict[str, Any]:
    """A stream that has exactly so many tokens, and that no cache has."""
    text = f"{random.random()} Tell a long story."
    return prompt(text, tokens, stream=True, ignore_eos=True)


def open_stream(body: dict[str, Any], team: str) -> socket.socket:
    """A request that is sent, and not read."""
    data = json.dumps(body).encode()
    lines = [f"POST {CHAT} HTTP/1.1", f"Host: {ADDRESS}", f"Content-Length: {len(data)}"]
    lines += [f"{name}: {value}" for name, value in bearer(key(team)).items()]
    host, port = ADDRESS.rsplit(":", 1)
    try:
        connection = socket.create_connection((host, int(port)), timeout=60)
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + data)
    except OSError as error:
        cannot_tell(f"{ADDRESS}: {error}")
    return connection


def answered(connections: list[socket.socket]) -> dict[socket.socket, bytes]:
    """The first bytes of those that have an answer."""
    ready, _, _ = select.select(connections, [], [], 0)
    return {one: one.recv(4096, socket.MSG_PEEK) for one in ready}


def status(head: bytes) -> int:
    return int(head.split(b" ", 2)[1]) if head.startswith(b"HTTP/") else 0


def admin(path: str) -> str:
    """Envoy's own view: its socket is in the project, or in its container."""
    argv = [PYTHON, "-m", "gateway.admin", path]
    if RUNTIME == "compose":
        argv = ["docker", "compose", "exec", "-T", "gateway", "python", *argv[1:]]
    end = time.monotonic() + ADMIN_SECONDS
    # A gateway that has just been started takes callers a moment before it answers here.
    while (done := live.finish(*argv)).returncode and time.monotonic() < end:
        time.sleep(0.2)
    if done.returncode:
        cannot_tell(done.stderr.decode(errors="replace").strip()[-200:])
    return done.stdout.decode(errors="replace")


LEDGER = "ledger/access.jsonl"


def ledger() -> list[str]:
    """The lines of the access log, as far as they are whole."""
    if RUNTIME == "compose":
        text = live.output("docker", "compose", "exec", "-T", "gateway", "cat", LEDGER)
    else:
        text = Path(LEDGER).read_text("utf-8") if Path(LEDGER).is_file() else ""
    return text.split("\n")[:-1]


def logged(before: int, number: int) -> list[str]:
    """So many lines that came after the first ones; the log is written with a delay.

    Refusals for want of tokens are left out: who is patient was refused before it was answered.
    """
    end = time.monotonic() + 20
    while True:
        lines = [line for line in ledger()[before:] if entry(line).get("status") != 429]
        if len(lines) >= number:
            return lines
        if time.monotonic() > end:
            not_yet(f"{number} requests, and {len(lines)} new lines in {LEDGER}")
        time.sleep(0.1)


def entry(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        not_yet(f"a line of {LEDGER} is no JSON object: {line[:100]}")
    return found


def usage(
    body: dict[str, Any], team: str, patient: bool = True, **headers: str
) -> tuple[int, dict[str, int]]:
    """Status and usage of an answer, whole or a stream, as its caller sees them."""
    code, answer, _ = ask(CHAT, body, team, headers, patient=patient)
    if isinstance(answer, str) and answer.startswith("data: "):
        events = [line[6:] for line in answer.splitlines() if line.startswith("data: {")]
        answer = json.loads(events[-1]) if events else {}
    return code, (answer.get("usage") or {}) if isinstance(answer, dict) else {}


def memory() -> float:
    """What Envoy holds, in MB."""
    return float(json.loads(admin("/memory"))["total_physical_bytes"]) / 1e6


def wait_for(what: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            cannot_tell(f"the gateway is not that far after {seconds:g} s")
        time.sleep(0.02)


def idle() -> None:
    """Waits until no caller has anything under way: what a check leaves must not meet the next."""
    path = "/stats?filter=^http\\.callers\\.downstream_rq_active$"
    wait_for(lambda: admin(path).rpartition(":")[2].strip() in ("0", ""))

"""What callers may send, what they get, and that the server lives on."""

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CHAT, Live, chat


def schema(value: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": value}}


@pytest.mark.parametrize(
    ("body", "code", "reason"),
    [
        (b"oops", 400, "not JSON"),
        (b"[1]", 400, "must be a JSON object"),
        (b"[" * 60_000, 400, "not JSON"),
        ({}, 400, "messages"),
        ({"messages": 7}, 400, ""),
        (chat(model="gpt-9"), 404, "there is no model 'gpt-9'"),
        (chat("deploy " * 1200), 400, "context"),
        (chat(n=8), 400, "one answer"),
        (chat(response_format=schema(7)), 400, "must be an object"),
        (chat(response_format=schema({"type": "nonsense"})), 400, "schema"),
        (b'{"prompt": "' + b"x" * 100_000 + b'"}', 413, "too large"),
    ],
)
def test_a_bad_request_gets_a_reason_in_words(
    live: Live, body: Any, code: int, reason: str
) -> None:
    status, answer = live.ask(CHAT, body)
    assert status == code, answer
    assert reason in json.dumps(answer)
    assert answer["error"]["message"]
    assert live.ask(CHAT, chat())[0] == 200


def test_an_answer_ends_where_the_limit_is(live: Live) -> None:
    status, answer = live.ask(CHAT, chat(max_tokens=5000, ignore_eos=True))
    assert status == 200
    assert answer["usage"]["completion_tokens"] == 32
    status, answer = live.ask(CHAT, chat(max_tokens=3, ignore_eos=True))
    assert answer["usage"]["completion_tokens"] == 3


def test_a_full_queue_sends_away_and_who_leaves_is_not_worked_on(live: Live) -> None:
    slow = [chat(f"Story {n}", max_tokens=32, ignore_eos=True) for n in range(4)]
    taken = [live.open(body) for body in slow]
    live.wait(lambda: live.metric("front_waiting") == 2)
    status, answer = live.ask(CHAT, chat())
    assert status == 429
    assert "2 requests wait" in answer["error"]["message"]
    assert live.ask("/health")[0] == 200
    for connection in taken:
        connection.close()
    live.wait(lambda: live.metric("front_active") + live.metric("front_waiting") == 0)
    assert live.ask(CHAT, chat())[0] == 200


def test_idle_connections_keep_nobody_out(live: Live) -> None:
    idle = [socket.create_connection(("127.0.0.1", live.port)) for _ in range(200)]
    assert live.ask("/health")[0] == 200
    assert live.ask(CHAT, chat())[0] == 200
    for connection in idle:
        connection.close()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[engine]\nmodel = "none"\ncontext = 1\nslots = 1\nthreads = 1', "there is no"),
        ('[engine]\nmodel = "broken"\ncontext = 1\nslots = 1\nthreads = 1', "is not a model"),
        ('[engine]\nmodel = "cut"\ncontext = 64\nslots = 1\nthreads = 1', "refuses"),
        ("[engine]\nslots = 0", "engine"),
        ("oops", "server.toml"),
    ],
)
def test_a_server_that_cannot_start_says_why(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "server").symlink_to(Path("server").resolve())
    (tmp_path / "config").mkdir()
    (tmp_path / "config/server.toml").write_text(text, "utf-8")
    (tmp_path / "models").mkdir()
    (tmp_path / "models/broken.gguf").write_bytes(b"not a model at all")
    model = Path("models/smollm2-q4_1.gguf")
    with model.open("rb") as file:
        (tmp_path / "models/cut.gguf").write_bytes(file.read(1 << 20))
    done = subprocess.run(
        [sys.executable, "-m", "server"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert reason in done.stderr.splitlines()[-1]

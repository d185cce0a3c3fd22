"""What callers may send, what they get, and that the server lives on."""

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import pytest
from openai import NotFoundError, OpenAI

from server import front
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
        (chat(model="x" * 60_000), 404, "there is no model 'xxx"),
        (chat(user={"name": "a"}), 400, "user: expected a string"),
        (chat(user="\ud800"), 400, "not JSON"),
        (chat(temperature=float("nan")), 400, "not JSON"),
        (chat(n=8), 400, "one answer"),
        (chat(n_cmpl=8), 400, "one answer"),
        (chat(top_logprobs=50_000, logprobs=True), 400, "at most 20"),
        (chat(n_probs=50_000), 400, "at most 20"),
        (chat(max_tokens="9"), 400, "max_tokens"),
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


def test_openais_own_client_streams_and_reads_refusals(live: Live) -> None:
    client = OpenAI(base_url=f"http://127.0.0.1:{live.port}/v1", api_key="unused", max_retries=0)
    stream = client.chat.completions.create(
        model="smollm2",
        messages=[{"role": "user", "content": "Count to ten."}],
        max_tokens=8,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    text = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]
    assert len([piece for piece in text if piece]) > 1
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 8
    with pytest.raises(NotFoundError, match="there is no model 'gpt-9'"):
        client.chat.completions.create(model="gpt-9", messages=[])


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


def test_two_hundred_connections_keep_nobody_out(live: Live) -> None:
    idle = [socket.create_connection(("127.0.0.1", live.port)) for _ in range(100)]
    asking = [live.open(chat(max_tokens=32, ignore_eos=True)) for _ in range(100)]
    assert live.ask("/health")[0] == 200
    live.wait(lambda: live.metric('front_requests_total{caller="anonymous",code="429"') >= 96)
    for connection in asking:
        connection.close()
    live.wait(lambda: live.metric("front_active") + live.metric("front_waiting") == 0)
    assert live.ask(CHAT, chat())[0] == 200
    for connection in idle:
        connection.close()


def test_a_caller_that_does_not_read_keeps_no_slot(live: Live) -> None:
    body = chat(max_tokens=32, ignore_eos=True, stream=True, logprobs=True, top_logprobs=20)
    deaf = [live.open(body) for _ in range(2)]
    live.wait(lambda: live.metric("front_active") == 2)
    live.wait(lambda: live.metric("front_active") == 0)
    assert live.ask(CHAT, chat())[0] == 200
    for connection in deaf:
        connection.close()


def test_a_caller_that_takes_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """When all buffers are full, sending waits for the caller."""
    monkeypatch.setattr(front, "SEND_SECONDS", 0.01)

    async def full(_: front.Message) -> None:
        await asyncio.Event().wait()

    with pytest.raises(front.GoneError):
        asyncio.run(front.Answer(full).piece(b"more"))


@pytest.mark.parametrize(
    ("head", "body", "code"),
    [
        ("Content-Length: many", b"{}", 400),
        ("Content-Length: -1", b"{}", 400),
        ("Content-Length: 99999999999999999999999", b"{}", 400),
        ("Content-Length: 9999999999", b"{}", 413),
        ("Transfer-Encoding: chunked", b"zz\r\n{}\r\n0\r\n\r\n", 400),
        ("Transfer-Encoding: chunked", b"20000\r\n" + b"x" * 0x20000 + b"\r\n", 413),
    ],
)
def test_a_length_that_is_none_is_refused(live: Live, head: str, body: bytes, code: int) -> None:
    with socket.create_connection(("127.0.0.1", live.port), timeout=60) as connection:
        request = f"POST {CHAT} HTTP/1.1\r\nHost: lab\r\n{head}\r\n\r\n"
        with contextlib.suppress(OSError):  # refused before all of it was sent
            connection.sendall(request.encode() + body)
        response = HTTPResponse(connection)
        response.begin()
        assert response.status == code
    assert live.ask("/health")[0] == 200


def test_headers_have_an_end(live: Live) -> None:
    before = live.metric("process_resident_memory_bytes")
    headers = "".join(f"X-{number}: {'x' * 10_000}\r\n" for number in range(2000))
    request = f"POST {CHAT} HTTP/1.1\r\nHost: lab\r\n{headers}\r\n"
    with (
        socket.create_connection(("127.0.0.1", live.port), timeout=60) as connection,
        pytest.raises((BrokenPipeError, ConnectionResetError)),
    ):
        connection.sendall(request.encode())
    assert live.metric("process_resident_memory_bytes") - before < 50_000_000


def test_names_of_callers_cannot_break_the_metrics(live: Live) -> None:
    name = 'a"b\\c\n\r\u0085\u2028x'
    assert live.ask(CHAT, chat(user=name))[0] == 200
    assert live.metric('front_requests_total{caller="a\\"b\\\\c????x",code="200"}') == 1


def test_large_bodies_cost_no_memory(live: Live) -> None:
    before = live.metric("process_resident_memory_bytes")
    for _ in range(3):
        with contextlib.suppress(OSError):
            assert live.ask(CHAT, b'{"prompt": "' + b"x" * 20_000_000 + b'"}')[0] == 413
    assert live.metric("process_resident_memory_bytes") - before < 50_000_000


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

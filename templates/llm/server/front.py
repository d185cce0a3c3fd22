"""What stands between callers and llama.cpp: limits, a queue, counters. An ASGI application.

It does in some 200 lines what a gateway such as Envoy does in front of real fleets, so that each
rule can be read. It passes requests and answers on as they are.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

import httpx

from server.metrics import Metrics
from server.settings import NAME, Settings
from server.slots import FullError, Slots

T = TypeVar("T")
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

GENERATE = "/v1/chat/completions"  # takes a slot
# llama.cpp has several names for one thing, and takes each of them.
ANSWERS = ("n", "n_cmpl")
ENDS = ("max_tokens", "max_completion_tokens", "n_predict")
PROBABILITIES = ("top_logprobs", "n_probs")
MOST_PROBABILITIES = 20  # for each token of an answer; the whole vocabulary is 49,152
READ = {"/health", "/props", "/slots", "/v1/models"}
BODY_SECONDS = 30.0
SEND_SECONDS = 30.0
ANONYMOUS = "anonymous"


class RefusedError(Exception):
    """A request that is not passed on: the HTTP status, and the reason in words."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class GoneError(Exception):
    """The caller left."""


class App:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.limits = settings.front
        self.slots = Slots(settings.engine.slots, self.limits.queue, self.limits.per_caller)
        self.metrics = Metrics(settings, self.slots)
        # After a stream llama.cpp closes a connection that it has promised to keep: never reuse.
        self.engine = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(
                uds=settings.socket,
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
            ),
            base_url="http://engine",
            headers={"Connection": "close"},
            timeout=httpx.Timeout(None),  # an answer takes as long as it takes
        )

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        answer = Answer(send)
        caller = [ANONYMOUS]
        try:
            await self.route(scope, receive, answer, caller)
        except RefusedError as refused:
            await answer.error(refused.code, str(refused))
        except (GoneError, OSError):
            answer.code = 499  # nobody is there to read an answer
        except httpx.HTTPError as error:
            if answer.started:
                raise  # the connection ends early: what the caller has is not whole
            await answer.error(502, f"llama.cpp does not answer: {error!r}")
        finally:
            if scope["path"] == GENERATE:
                self.metrics.count(caller[0], answer.code)

    async def route(
        self, scope: Message, receive: Receive, answer: "Answer", caller: list[str]
    ) -> None:
        method, path = scope["method"], scope["path"]
        if method == "GET" and path == "/metrics":
            engine = await self.engine.get("/metrics")
            await answer.whole(200, self.metrics.text(engine.text).encode(), "text/plain")
        elif method == "GET" and path in READ:
            engine = await self.engine.get(path)
            await answer.whole(engine.status_code, engine.content)
        elif path != GENERATE:
            raise RefusedError(404, f"there is no {path} here")
        elif method != "POST":
            raise RefusedError(405, f"{path} takes POST")
        else:
            body = await self.body(scope, receive)
            question = self.question(body)
            caller[0] = (question.get("user") or ANONYMOUS)[:32]
            await self.generate(question, caller[0], receive, answer)

    async def body(self, scope: Message, receive: Receive) -> bytes:
        """The whole body, or a refusal as soon as it is too long."""
        most = self.limits.body_bytes
        headers = dict(scope["headers"])
        if most and int(headers.get(b"content-length", b"0")) > most:
            raise RefusedError(413, f"the body is too large: {most} bytes are allowed")
        body = bytearray()
        end = time.monotonic() + BODY_SECONDS
        while True:
            try:
                message = await asyncio.wait_for(receive(), end - time.monotonic())
            except TimeoutError:
                raise RefusedError(408, f"the body took more than {BODY_SECONDS:g} s") from None
            if message["type"] == "http.disconnect":
                raise GoneError
            body += message.get("body", b"")
            if most and len(body) > most:  # without a length in front: counted
                raise RefusedError(413, f"the body is too large: {most} bytes are allowed")
            if not message.get("more_body"):
                break
        return bytes(body)

    def question(self, body: bytes) -> dict[str, Any]:
        try:
            question = json.loads(body)
            # NaN and halves of characters get through loads(); nobody could pass them on.
            json.dumps(question, allow_nan=False, ensure_ascii=False).encode()
        except (ValueError, RecursionError) as error:
            raise RefusedError(400, f"the body is not JSON: {error}") from None
        if not isinstance(question, dict):
            raise RefusedError(400, "the body must be a JSON object")
        model = question.get("model", NAME)
        if model != NAME:
            named = str(model)[:40]
            raise RefusedError(404, f"there is no model {named!r} here: this server has {NAME!r}")
        if not isinstance(question.get("user", ""), str | None):
            raise RefusedError(400, "user: expected a string")
        for key in ANSWERS:
            if question.get(key) not in (None, 1):
                raise RefusedError(400, f"{key}: one answer to one request, for it takes one slot")
        for key in PROBABILITIES:
            number = question.get(key) or 0
            if not isinstance(number, int) or number > MOST_PROBABILITIES:
                raise RefusedError(400, f"{key}: at most {MOST_PROBABILITIES}")
        form = question.get("response_format")
        if isinstance(form, dict) and form.get("type") == "json_schema":
            named = form.get("json_schema")
            # llama.cpp would answer without any schema, and the caller would never know.
            if not isinstance(named, dict) or not isinstance(named.get("schema"), dict):
                raise RefusedError(400, "response_format: json_schema.schema must be an object")
        asked = [(key, question[key]) for key in ENDS if question.get(key) is not None]
        if wrong := [key for key, value in asked if type(value) is not int]:
            raise RefusedError(400, f"{wrong[0]}: expected an integer")
        if most := self.limits.answer_tokens:
            for key, _ in asked:
                del question[key]
            question["max_tokens"] = min([most, *(value for _, value in asked if value >= 0)])
        return question

    async def generate(
        self,
        question: dict[str, Any],
        caller: str,
        receive: Receive,
        answer: "Answer",
    ) -> None:
        gone = asyncio.create_task(left(receive))
        try:
            came = time.monotonic()
            try:
                await until_gone(self.slots.take(caller), gone)
            except FullError as full:
                raise RefusedError(429, str(full)) from None
            began = time.monotonic()
            answer.waited_ms = round(1000 * (began - came))
            try:
                await self.relay(question, gone, answer)
            finally:
                self.slots.free(caller)
                self.metrics.held(caller, time.monotonic() - began)
        finally:
            gone.cancel()

    async def relay(
        self, question: dict[str, Any], gone: "asyncio.Task[None]", answer: "Answer"
    ) -> None:
        """Pieces go out as they come in. When the caller leaves, llama.cpp stops, too."""
        request = self.engine.build_request("POST", GENERATE, json=question)
        engine = await until_gone(self.engine.send(request, stream=True), gone)
        try:
            await answer.start(engine.status_code, engine.headers.get("content-type", ""))
            pieces = engine.aiter_raw().__aiter__()
            while (piece := await until_gone(following(pieces), gone)) is not None:
                await answer.piece(piece)
            await answer.end()
        finally:
            await engine.aclose()


class Answer:
    """One answer, and the status that was sent."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.code = 0
        self.started = False
        self.waited_ms: int | None = None  # for a slot, where it needed one

    async def send(self, message: Message) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._send(message)
        except TimeoutError:
            raise GoneError from None  # a caller that does not read

    async def start(
        self, code: int, kind: str, extra: tuple[tuple[bytes, bytes], ...] = ()
    ) -> None:
        self.code, self.started = code, True
        headers = [(b"content-type", kind.encode()), *extra]
        if self.waited_ms is not None:
            headers.append((b"x-waited-ms", str(self.waited_ms).encode()))
        await self.send({"type": "http.response.start", "status": code, "headers": headers})

    async def piece(self, body: bytes) -> None:
        await self.send({"type": "http.response.body", "body": body, "more_body": True})

    async def end(self) -> None:
        await self.send({"type": "http.response.body", "body": b""})

    async def whole(self, code: int, body: bytes, kind: str = "application/json") -> None:
        await self.start(code, kind, ((b"content-length", str(len(body)).encode()),))
        await self.send({"type": "http.response.body", "body": body})

    async def error(self, code: int, reason: str) -> None:
        """In the form that OpenAI's clients understand."""
        if self.started:
            return
        body = json.dumps({"error": {"message": reason, "type": "refused", "code": code}}).encode()
        extra: tuple[tuple[bytes, bytes], ...] = ((b"content-length", str(len(body)).encode()),)
        if code == 429:
            extra += ((b"retry-after", b"1"),)
        if code in (408, 413):
            extra += ((b"connection", b"close"),)  # the rest of the body is not read
        await self.start(code, "application/json", extra)
        await self.send({"type": "http.response.body", "body": body})


async def left(receive: Receive) -> None:
    """Returns when the caller has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def following(pieces: AsyncIterator[bytes]) -> bytes | None:
    return await anext(pieces, None)


async def until_gone(work: Awaitable[T], gone: "asyncio.Task[None]") -> T:
    """Waits for the work; raises GoneError and cancels it when the caller leaves first."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise GoneError
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})

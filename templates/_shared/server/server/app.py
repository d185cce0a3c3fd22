"""The HTTP side: which path answers what. Every path is in `routes`.

Starlette, not FastAPI: the protocol fixes the format and sends raw tensors after the JSON, so the
body is read by hand anyway, and a schema layer would only add packages and CPU to every request.
"""

import asyncio
import contextlib
import importlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server import metrics, protocol
from server.protocol import RequestError
from server.repository import Repository, Version
from server.routing import Router
from server.settings import NAME, VERSION, Settings

log = logging.getLogger(__name__)

# Sees what was answered: labels (model, version), the request, and all outputs by name.
Observer = Callable[[dict[str, str], protocol.Request, dict[str, NDArray[Any]]], None]

INLINE_ROWS = 64  # microseconds: a thread would cost more. Larger batches must not stop the others


@dataclass
class State:
    """What the handlers share."""

    settings: Settings
    repository: Repository
    router: Router
    observe: Observer | None = None
    draining: bool = False

    def problem(self) -> str:
        """Why no traffic should come here; empty when ready."""
        if self.draining:
            return "draining: the server is about to stop"
        if not self.repository.models:
            return f"no model versions in {self.settings.models_dir}"
        if not self.router.routes:
            return f"no routes: {self.router.problem}"
        return ""

    def drain(self) -> None:
        self.draining = True
        metrics.draining.set(1)


def create(settings: Settings) -> tuple[ASGIApp, State]:
    repository = Repository.load(settings.models_dir)
    router = Router(settings.routing_file, repository, metrics.on_reload)
    router.reload()
    state = State(settings, repository, router, load_observer(settings.observer))
    metrics.drain_seconds.set(settings.drain_seconds)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        watcher = asyncio.create_task(router.watch())
        yield
        watcher.cancel()

    app = Starlette(
        routes=routes,
        lifespan=lifespan,
        exception_handlers={HTTPException: on_http_error, Exception: on_bug},
    )
    app.state.lab = state
    return CloseWhenDraining(app, state), state


def load_observer(name: str) -> Observer | None:
    if not name:
        return None
    module, _, function = name.partition(":")
    return getattr(importlib.import_module(module), function)


class CloseWhenDraining:
    """Tells every caller to come back on a new connection, which the next process will accept.

    Plain ASGI: Starlette's function middleware runs each request in a task of its own, which
    doubles the CPU that a small prediction costs.
    """

    def __init__(self, app: ASGIApp, state: State) -> None:
        self.app = app
        self.state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def closing(message: Message) -> None:
            if message["type"] == "http.response.start" and self.state.draining:
                message["headers"] = [*message.get("headers", []), (b"connection", b"close")]
            await send(message)

        await self.app(scope, receive, closing)


def error(reason: str, code: int) -> JSONResponse:
    return JSONResponse({"error": reason[:500]}, code)  # a reason may quote what was sent


async def on_http_error(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    response = error(f"{request.method} {request.url.path}: {exc.detail}", exc.status_code)
    response.headers.update(exc.headers or {})
    return response


async def on_bug(_: Request, __: Exception) -> Response:
    return error("internal error: the server's log has the details", 500)


def state_of(request: Request) -> State:
    return request.app.state.lab


def find(request: Request) -> tuple[str, dict[str, Version], str | None]:
    """The model that the path names, its versions, and the version if the path names one."""
    models = state_of(request).repository.models
    model, version = request.path_params["model"], request.path_params.get("version")
    if model not in models:
        known = ", ".join(models) or "none"
        raise RequestError(f"unknown model {model!r}: this server has {known}", 404)
    if version is not None and version not in models[model]:
        known = ", ".join(models[model])
        raise RequestError(f"unknown version {version!r} of {model}: this server has {known}", 404)
    return model, models[model], version


async def live(_: Request) -> Response:
    return JSONResponse({"live": True})


async def ready(request: Request) -> Response:
    problem = state_of(request).problem()
    if problem:
        return JSONResponse({"ready": False, "error": problem}, 503)
    return JSONResponse({"ready": True})


async def server_metadata(_: Request) -> Response:
    return JSONResponse({"name": NAME, "version": VERSION, "extensions": ["binary_tensor_data"]})


async def repository_index(request: Request) -> Response:
    return JSONResponse(state_of(request).repository.index())


async def model_metadata(request: Request) -> Response:
    try:
        model, versions, version = find(request)
    except RequestError as refusal:
        return error(str(refusal), refusal.code)
    shown = versions[version or max(versions, key=int)]
    return JSONResponse(
        {
            "name": model,
            "versions": list(versions),
            "platform": "onnxruntime_onnx",
            "inputs": [tensor.describe() for tensor in shown.inputs],
            "outputs": [tensor.describe() for tensor in shown.outputs],
            "parameters": shown.metadata,
        }
    )


async def model_ready(request: Request) -> Response:
    try:
        model, _, _ = find(request)
    except RequestError as refusal:
        return error(str(refusal), refusal.code)
    problem = state_of(request).problem()
    return JSONResponse({"name": model, "ready": not problem}, 503 if problem else 200)


async def infer(request: Request) -> Response:
    """The one path that matters: measured, counted, and never a 500 for a caller's mistake."""
    labels = {"model": "", "version": ""}  # filled in once they are known to exist
    with metrics.in_flight.track_inprogress():
        try:
            body = await read_body(request, state_of(request).settings.max_body_bytes)
            began = time.perf_counter()
            response = await predict(request, body, labels)
            metrics.duration.labels(**labels).observe(time.perf_counter() - began)
        except RequestError as refusal:
            response = error(str(refusal), refusal.code)
            if refusal.code == 413:  # the rest of the body is not worth reading
                response.headers["Connection"] = "close"
        except ClientDisconnect:  # the caller is gone: 499, as other servers count it
            code = request.scope["state"].get("refused", 499)  # or `bounds` has answered
            response = error("the caller hung up", code)
        except Exception:
            log.exception("inference failed")
            response = error("internal error: the server's log has the details", 500)
    metrics.requests.labels(**labels, code=response.status_code).inc()
    return response


async def read_body(request: Request, limit: int) -> bytes:
    too_large = RequestError(f"the body is larger than {limit} bytes", 413)
    if int(request.headers.get("content-length", 0)) > limit:
        raise too_large
    if request.headers.get("content-encoding", "identity") != "identity":
        raise RequestError("compressed bodies are not supported: send it without Content-Encoding")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:  # chunked bodies announce no length
            raise too_large
    return bytes(body)


async def predict(request: Request, body: bytes, labels: dict[str, str]) -> Response:
    state = state_of(request)
    model, versions, chosen = find(request)
    if chosen is None:
        if model not in state.router.routes:
            raise RequestError(f"no routes: {state.router.problem}", 503)
        chosen = state.router.routes[model].pick()
        metrics.routed.labels(model, chosen).inc()
    labels.update(model=model, version=chosen)
    version = versions[chosen]

    header = request.headers.get(protocol.BINARY_HEADER)
    asked = protocol.decode(body, header, version, state.settings.max_rows)
    rows = max(len(array) for array in asked.inputs.values())
    # The outcome is counted whatever was asked for: a caller who takes the probabilities alone acts
    # on them as well.
    counted = any(tensor.name == "label" for tensor in version.outputs)
    names = list(asked.outputs)
    if counted and "label" not in names:
        names.append("label")
    if state.observe:
        names += [tensor.name for tensor in version.outputs if tensor.name not in names]
    if rows <= INLINE_ROWS:
        arrays = version.run(asked.inputs, names)
    else:
        arrays = await run_in_threadpool(version.run, asked.inputs, names)
    if not all(np.isfinite(array).all() for array in arrays):
        raise RequestError("the model has no finite answer to these numbers: they are out of range")
    if counted:
        count_outcomes(labels, arrays[names.index("label")])
    if state.observe:
        state.observe(labels, asked, dict(zip(names, arrays, strict=True)))
    content, headers = protocol.encode(model, version, asked, arrays[: len(asked.outputs)])
    return Response(content, headers=headers)


def count_outcomes(labels: dict[str, str], answers: NDArray[np.int64]) -> None:
    """A release can be fast, healthy and wrong: this is the first metric to show it."""
    rolled_back = int(np.count_nonzero(answers))
    metrics.predictions.labels(**labels, outcome="rolled_back").inc(rolled_back)
    metrics.predictions.labels(**labels, outcome="kept").inc(len(answers) - rolled_back)


async def prometheus(_: Request) -> Response:
    return Response(metrics.render(), media_type=metrics.CONTENT_TYPE)


MODEL = "/v2/models/{model}"
PINNED = MODEL + "/versions/{version}"
routes = [
    Route("/v2/health/live", live),
    Route("/v2/health/ready", ready),
    Route("/v2", server_metadata),
    Route("/v2/repository/index", repository_index, methods=["GET", "POST"]),
    Route(MODEL, model_metadata),
    Route(MODEL + "/ready", model_ready),
    Route(MODEL + "/infer", infer, methods=["POST"]),
    Route(PINNED, model_metadata),
    Route(PINNED + "/ready", model_ready),
    Route(PINNED + "/infer", infer, methods=["POST"]),
    Route("/metrics", prometheus),
]

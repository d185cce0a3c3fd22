"""Starts the server, and stops it without losing a request."""

import asyncio
import logging
import signal
from types import FrameType

import uvicorn

from server import bounds, logs
from server.app import State, create
from server.settings import Settings

log = logging.getLogger("server")


class DrainingServer(uvicorn.Server):
    """On SIGTERM: report "not ready", keep answering while callers move away, then stop."""

    def __init__(self, config: uvicorn.Config, state: State) -> None:
        super().__init__(config)
        self._state = state
        self._drain_seconds = state.settings.drain_seconds
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Ctrl-C means now, and so does a second signal, or a drain of 0 seconds.
        now = sig != signal.SIGTERM or self._state.draining or not self._drain_seconds
        if now or self._loop is None:
            super().handle_exit(sig, frame)
        else:  # a signal handler must not do more than this: it may have interrupted anything
            self._loop.call_soon_threadsafe(self._drain, sig, frame)

    def _drain(self, sig: int, frame: FrameType | None) -> None:
        assert self._loop is not None
        log.info("SIGTERM: not ready from now on, stopping in %g s", self._drain_seconds)
        self._state.drain()
        self._loop.call_later(self._drain_seconds, super().handle_exit, sig, frame)


def main() -> None:
    settings = Settings.read()
    logs.configure(settings.log_format)
    app, state = create(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=bounds.within(settings.limits),
        ws="none",
        loop="asyncio",
        log_config=None,
        access_log=False,  # the metrics count requests; a line for each would only cost CPU
        server_header=False,
        timeout_keep_alive=settings.limits.idle_seconds,
        timeout_graceful_shutdown=10,
    )
    log.info("listening on http://%s:%d", settings.host, settings.port)
    DrainingServer(config, state).run()
    log.info("stopped")


if __name__ == "__main__":
    main()

"""python -m server: loads the model, then listens until SIGTERM."""

import os
import sys

import uvicorn

from server import engine, settings
from server.front import App


def main() -> int:
    try:
        chosen = settings.read()
        print(f"loading {chosen.engine.path}", flush=True)
        running = engine.start(chosen.engine, chosen.socket)  # it lives as long as this name
    except settings.SettingsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    config = uvicorn.Config(
        App(chosen),
        host=chosen.host,
        port=chosen.port,
        http="h11",  # the parser of uvicorn's two that has an end for headers: 64 kB
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_keep_alive=5,
        # After SIGTERM: no new connections, and so long for what is under way.
        timeout_graceful_shutdown=chosen.front.drain_seconds or 0.1,
    )
    print(f"{chosen.engine.model} answers on port {chosen.port}", flush=True)
    uvicorn.Server(config).run()
    del running
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # llama.cpp's threads do not end by themselves.
    os._exit(code)

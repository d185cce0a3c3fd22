"""Starts llama.cpp's own HTTP server inside this process, on a socket that only the front opens."""

from pathlib import Path

import xllamacpp

from server.settings import NAME, Engine, SettingsError

HTTP_THREADS = 64  # with fewer, /health waits behind generations


def start(engine: Engine, socket: str) -> xllamacpp.Server:
    """Returns once the model is in memory and answers."""
    with engine.path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise SettingsError(f"{engine.path} is not a model: GGUF files start with GGUF")
    path = Path(socket)
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)  # left by a server that was killed

    params = xllamacpp.CommonParams()
    params.model.path = str(engine.path)
    params.model_alias = {NAME}
    params.hostnames = [socket]
    params.port = 0
    params.n_ctx = engine.context
    params.n_parallel = engine.slots
    params.kv_unified = engine.kv_unified
    params.fit_params = False  # this context and no other, whatever memory is free
    params.cache_ram_mib = 0  # no copies of old prompts beside the slots
    params.chat_template = engine.chat_template
    params.n_threads_http = HTTP_THREADS
    params.cpuparams.n_threads = engine.threads
    params.cpuparams_batch.n_threads = engine.threads
    params.endpoint_metrics = True
    params.endpoint_slots = True
    params.verbosity = 1  # errors: prompts and answers stay out of the log
    try:
        return xllamacpp.Server(params)
    except RuntimeError as error:
        raise SettingsError(f"llama.cpp refuses {engine.path}: {error}") from None

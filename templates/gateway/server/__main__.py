"""python -m server NAME: the llama.cpp server NAME, a or b, until SIGTERM."""

import os
import signal
import sys
from pathlib import Path

import xllamacpp

SLOTS = 2  # requests that are worked on at the same time; more of them wait inside llama.cpp
CONTEXT = 2048  # tokens, for all slots together
HTTP_THREADS = 64  # with fewer, /health waits behind answers


def parameters(name: str) -> xllamacpp.CommonParams:
    params = xllamacpp.CommonParams()
    params.model.path = os.environ.get("MODEL", "models/smollm2-q4_1.gguf")
    params.model_alias = {"smollm2"}  # what callers ask for
    params.hostnames = [os.environ.get("HOST", "127.0.0.1")]
    params.port = int(os.environ[f"SERVER_{name.upper()}_PORT"])
    params.api_keys = [os.environ["SERVER_KEY"]]  # only the gateway has it
    params.n_ctx = CONTEXT
    params.n_parallel = SLOTS
    template = Path(f"config/server-{name}.jinja")  # a candidate: see ops/canary.py
    if template.exists():
        params.chat_template = template.read_text("utf-8")
    params.fit_params = False  # this context and no other, whatever memory is free
    params.cache_ram_mib = 0  # no copies of old prompts beside the slots
    params.n_threads_http = HTTP_THREADS
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.endpoint_metrics = True
    params.endpoint_slots = True
    params.verbosity = 1  # errors: prompts and answers stay out of the log
    return params


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m server NAME")
    try:
        running = xllamacpp.Server(parameters(sys.argv[1]))  # it lives as long as this name
    except KeyError as missing:
        raise SystemExit(f"error: {missing} is not set") from None
    print(f"{running.listening_address} answers", flush=True)
    # Its own threads answer, and do not end by themselves.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    while True:
        signal.pause()


if __name__ == "__main__":
    main()

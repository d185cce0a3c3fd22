"""python -m standin --port=N --rest_api_port=N --model_config_file=FILE, as the real server's."""

import argparse
import sys
import threading
from pathlib import Path

from google.protobuf.text_format import ParseError

from standin import rpc
from standin.bounds import Server
from standin.repository import Refused, Repository
from standin.rest import NOTE, Handler

# Accepted, so that the lab's files start it, and without effect.
WITHOUT_EFFECT = ("--enable_batching", "--batching_parameters_file", "--monitoring_config_file")


def main() -> None:
    parser = argparse.ArgumentParser(prog="standin", allow_abbrev=False)
    parser.add_argument("--port", type=int, required=True, help="gRPC")
    parser.add_argument("--rest_api_port", type=int, required=True)
    parser.add_argument("--model_config_file", type=Path, required=True)
    parser.add_argument("--model_config_file_poll_wait_seconds", type=float, default=1)
    parser.add_argument("--allow_version_labels_for_unavailable_models", default="false")
    # Loopback, where the real server can only listen on every address.
    parser.add_argument("--listen", default="127.0.0.1", help="an address")
    for flag in WITHOUT_EFFECT:
        parser.add_argument(flag, nargs="?", const="true")  # a flag alone means true
    told = parser.parse_args()

    print(f"NOTE: {NOTE}: no batching, no metrics, slower", file=sys.stderr, flush=True)
    for flag in WITHOUT_EFFECT:
        if getattr(told, flag.removeprefix("--")) is not None:
            print(f"NOTE: {flag} has no effect here", file=sys.stderr, flush=True)
    repository = Repository(
        told.model_config_file, told.allow_version_labels_for_unavailable_models == "true"
    )
    try:  # later, a file that is refused changes nothing; at the start it ends the server
        repository.read()
    except (OSError, ParseError, Refused) as error:
        raise SystemExit(f"{told.model_config_file}: {error}") from error
    poll = told.model_config_file_poll_wait_seconds
    threading.Thread(target=repository.watch, args=[poll], daemon=True).start()
    calls = rpc.start(repository, f"{told.listen}:{told.port}")
    Handler.repository = repository
    # No handler for SIGTERM: like the real server, it is gone at once and drains nothing.
    with Server((told.listen, told.rest_api_port), Handler) as server:
        print(f"REST on {told.rest_api_port}, gRPC on {told.port}", file=sys.stderr, flush=True)
        server.serve_forever(poll_interval=0.1)  # as often it looks who is late
    calls.stop(None)  # held until here: gRPC ends a server without a reference


if __name__ == "__main__":
    main()

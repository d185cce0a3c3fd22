"""python -m standin --port=N --rest_api_port=N --model_config_file=FILE, as the real server's."""

import argparse
import sys
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path

from standin import rpc
from standin.repository import Repository
from standin.rest import NOTE, Handler


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main() -> None:
    parser = argparse.ArgumentParser(prog="standin", allow_abbrev=False)
    parser.add_argument("--port", type=int, required=True, help="gRPC")
    parser.add_argument("--rest_api_port", type=int, required=True)
    parser.add_argument("--model_config_file", type=Path, required=True)
    parser.add_argument("--model_config_file_poll_wait_seconds", type=float, default=1)
    told = parser.parse_args()

    print(f"NOTE: {NOTE}: no batching, no metrics, slower", file=sys.stderr, flush=True)
    repository = Repository(told.model_config_file)
    repository.look()
    poll = told.model_config_file_poll_wait_seconds
    threading.Thread(target=repository.watch, args=[poll], daemon=True).start()
    # Loopback, where the real server can only listen on every address.
    calls = rpc.start(repository, f"127.0.0.1:{told.port}")
    Handler.repository = repository
    # No handler for SIGTERM: like the real server, it is gone at once and drains nothing.
    with Server(("127.0.0.1", told.rest_api_port), Handler) as server:
        print(f"REST on {told.rest_api_port}, gRPC on {told.port}", file=sys.stderr, flush=True)
        server.serve_forever()
    calls.stop(None)  # and until here it is held: gRPC ends a server that nobody refers to


if __name__ == "__main__":
    main()

"""Is the port free? python -m ops.port PORT"""

import socket
import sys

if __name__ == "__main__":
    port = int(sys.argv[1])
    with socket.socket() as probe:
        # As servers do: a port whose last connections are still closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise SystemExit(
                f"error: port {port} is not free ({error.strerror}): stop what has it, "
                "or make the lab again with another one (--set port=...)"
            ) from None

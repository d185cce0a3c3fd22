"""Envoy's administration, on a socket that only this user can open: python -m gateway.admin PATH"""

import socket
import sys
from http.client import HTTPConnection

SOCKET = "run/admin.sock"


class Connection(HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(SOCKET)


def ask(path: str, method: str = "GET") -> tuple[int, str]:
    connection = Connection("admin", timeout=10)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode().strip()
    finally:
        connection.close()


if __name__ == "__main__":
    try:
        status, text = ask(sys.argv[1] if len(sys.argv) > 1 else "/help")
    except OSError as error:
        raise SystemExit(
            f"error: {SOCKET}: {error.strerror or error}: is the gateway up?"
        ) from None
    print(text)
    sys.exit(status >= 400)

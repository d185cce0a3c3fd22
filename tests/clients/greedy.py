"""Callers that use more than their share: each is refused within half a minute.

An honest caller is served meanwhile.
"""

import base64
import contextlib
import os
import socket
import sys
import threading
import time
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

BASE, HONEST, BODY = sys.argv[1:4]
PLACE = urlsplit(BASE)
SECONDS = 30
LOGIN = ":".join(os.environ.get(f"MLFLOW_TRACKING_{name}", "") for name in ("USERNAME", "PASSWORD"))
AUTHORIZATION = f"Authorization: Basic {base64.b64encode(LOGIN.encode()).decode()}\r\n"
GET = f"GET {HONEST} HTTP/1.1\r\nHost: {PLACE.netloc}\r\n{AUTHORIZATION}".encode()
POST = (
    f"POST {BODY} HTTP/1.1\r\nHost: {PLACE.netloc}\r\n{AUTHORIZATION}Content-Length: 100000\r\n\r\n"
).encode()
# name: what is sent first, what is sent again and again, and the pause between two of these.
CASES = {
    "headers without end": (GET, b"a: b\r\n" * 1000, 0.0),
    "one header without end": (GET + b"a: ", b"b" * 6000, 0.0),
    "a head byte by byte": (GET + b"a: ", b"b", 0.2),
    "a body byte by byte": (POST, b"b", 0.2),
    "nothing at all": (b"", b"", 0.2),
}
wrong: list[str] = []


def attack(name: str, start: bytes, piece: bytes, pause: float) -> None:
    end, sent = time.monotonic() + SECONDS, 0
    with (
        contextlib.suppress(ConnectionError),
        socket.create_connection((PLACE.hostname, PLACE.port)) as caller,
    ):
        caller.sendall(start)
        caller.settimeout(pause or SECONDS)
        while time.monotonic() < end and sent < 256 << 20:
            caller.sendall(piece)
            sent += len(piece)
            if not pause:
                continue
            try:
                # A gateway that has refused still reads the rest, and discards it.
                if (answer := caller.recv(65536))[:10] == b"HTTP/1.1 4" or not answer:
                    return
            except TimeoutError:
                continue
        wrong.append(f"{name}: not refused after {sent} bytes and {SECONDS} s")


threads = [threading.Thread(target=attack, args=(name, *case)) for name, case in CASES.items()]
# More callers than the model server and MLflow serve at a time.
threads += [
    threading.Thread(target=attack, args=("a crowd", GET + b"a: ", b"b", 0.5)) for _ in range(150)
]
for thread in threads:
    thread.start()
served = 0
while any(thread.is_alive() for thread in threads):
    try:
        with urlopen(
            Request(BASE + HONEST, headers=dict([AUTHORIZATION.strip().split(": ")])), timeout=15
        ) as answer:
            served += answer.status == 200
    except OSError as error:
        wrong.append(f"an honest caller: {error}")
    time.sleep(0.1)
if wrong or not served:
    sys.exit("\n".join(sorted(set(wrong))) or "no honest caller was served")
print(f"{len(threads)} refused, {served} served meanwhile")

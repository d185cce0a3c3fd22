"""Is there an end to what one caller may cost: bytes, tokens, places in the queue?"""

import json
import random
import select
import socket
import threading
import time
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlsplit

import lab
import verdict

SMALL_MB = 1  # little harm where it is taken
BODY_MB, MEMORY_MB = 20, 50
LONG_PROMPT = 1500  # tokens, which the step capacity promised
ANSWER_TOKENS = 256
CALLERS, QUEUE = 40, 16
SECONDS = 60.0  # for what takes a moment, on whatever machine
ADDRESS = urlsplit(lab.API).netloc


def resident() -> float:
    return lab.total(lab.counters(), "process_resident_memory_bytes") / 1e6


def send_much(megabytes: int, chunked: bool) -> int:
    """The status that a long body gets; what is not read is not sent."""
    body = json.dumps(lab.prompt("x" * megabytes * 1_000_000, max_tokens=1)).encode()
    connection = HTTPConnection(ADDRESS, timeout=300)
    connection.putrequest("POST", lab.CHAT)
    connection.putheader("Content-Type", "application/json")
    if chunked:
        connection.putheader("Transfer-Encoding", "chunked")
    else:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders()
    try:
        for start in range(0, len(body), 1 << 16):
            if select.select([connection.sock], [], [], 0)[0]:
                break  # an answer is there already
            piece = body[start : start + (1 << 16)]
            connection.send(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
        else:
            connection.send(b"0\r\n\r\n" if chunked else b"")
    except OSError:
        pass  # closed: the answer may still be readable
    try:
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def examine_bodies() -> None:
    before = resident()
    for megabytes in (SMALL_MB, BODY_MB):
        for chunked, how in ((False, "with its length"), (True, "without a length")):
            code = send_much(megabytes, chunked)
            if code != 413:
                verdict.not_yet(
                    f"{megabytes} MB of JSON sent {how} get {code or 'no answer'}, not 413"
                )
            if (grown := resident() - before) > MEMORY_MB:
                verdict.not_yet(f"{megabytes} MB of JSON sent {how} cost {grown:.0f} MB of memory")
    text = f"{random.random()}" + " deploy" * LONG_PROMPT
    code, answer = lab.ask(lab.CHAT, lab.prompt(text, max_tokens=1), timeout=600)
    if code != 200:
        verdict.not_yet(
            f"a prompt of {LONG_PROMPT} tokens is answered with {code}: {lab.error(answer)}"
        )


def examine_answers() -> None:
    """A caller that sets no end, and a model that would never stop by itself."""
    pieces = 0
    for data in lab.stream(lab.prompt("Count from one to one million.", ignore_eos=True)):
        pieces += '"content":"' in data
        if pieces > ANSWER_TOKENS:
            verdict.not_yet(f"a request without max_tokens got more than {ANSWER_TOKENS} tokens")
    code, answer = lab.ask(lab.CHAT, lab.prompt("Name a colour.", max_tokens=3))
    if code != 200 or answer["usage"]["completion_tokens"] > 3:
        verdict.not_yet(f"max_tokens=3 is answered with {code}: {lab.error(answer)}")


def open_stream(number: int) -> socket.socket:
    """A request of a caller of its own, sent and not read."""
    text = f"{random.random()} Tell a long story."
    body = lab.prompt(text, max_tokens=ANSWER_TOKENS, stream=True, user=f"check-{number}")
    data = json.dumps(body | {"ignore_eos": True}).encode()
    host, port = ADDRESS.rsplit(":", 1)
    try:
        connection = socket.create_connection((host, int(port)), timeout=10)
        head = f"POST {lab.CHAT} HTTP/1.1\r\nHost: {ADDRESS}\r\nContent-Length: {len(data)}\r\n\r\n"
        connection.sendall(head.encode() + data)
    except OSError as error:
        verdict.cannot_tell(f"{ADDRESS}: {error}")
    return connection


def statuses(connections: list[socket.socket]) -> tuple[dict[int, int], lab.Counters]:
    """How many have which answer once all others wait, and the server's counters of that moment."""
    found: dict[int, int] = {}
    unread, end = list(connections), time.monotonic() + SECONDS
    while True:
        counters = lab.counters()
        if len(unread) <= lab.total(counters, "front_waiting") or time.monotonic() > end:
            return found, counters
        for ready in select.select(unread, [], [], 0.2)[0]:
            unread.remove(ready)
            response = HTTPResponse(ready)
            try:
                response.begin()
            except OSError:
                continue
            found[response.status] = found.get(response.status, 0) + 1
            if response.status == 429 and not response.headers.get("Retry-After"):
                verdict.not_yet("429 comes without Retry-After: callers do not know when to return")


def examine_queue() -> None:
    health: list[tuple[int, float]] = []

    def probe() -> None:
        start = time.monotonic()
        code, _ = lab.ask("/health", timeout=60)
        health.append((code, time.monotonic() - start))

    connections = [open_stream(number) for number in range(CALLERS)]
    try:
        thread = threading.Thread(target=probe, daemon=True)
        thread.start()
        found, counters = statuses(connections)
        thread.join(SECONDS)
    finally:
        for connection in connections:
            connection.close()
    waiting = lab.total(counters, "front_waiting")
    refused = found.get(429, 0)
    if not refused or waiting > QUEUE:
        verdict.not_yet(
            f"of {CALLERS} callers at once {waiting:g} wait in the queue and {refused} were sent "
            f"away: {QUEUE} may wait"
        )
    if waiting == 0 and refused > CALLERS - lab.total(counters, "front_slots"):
        verdict.not_yet("callers are sent away while there are free slots")
    if not health or health[0][0] != 200 or health[0][1] > SECONDS:
        verdict.not_yet(f"meanwhile /health answers {health}")
    # Those who left must not be worked on.
    left = time.monotonic()
    while lab.total(counters, "front_active") + lab.total(counters, "front_waiting"):
        if time.monotonic() - left > SECONDS:
            verdict.not_yet("a minute after its callers left, the server still works for them")
        time.sleep(0.5)
        counters = lab.counters()


def main() -> None:
    examine_bodies()
    examine_answers()
    examine_queue()
    print("bytes, tokens and waiting callers have an end; short and long questions are answered")


main()

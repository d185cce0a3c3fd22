"""Who gets in, with how much, and what a probe sees while the gateway is full."""

import contextlib
import json
import re
import select
import time
from http.client import HTTPConnection

import lab
import verdict

BODY_MB, MEMORY_MB = 20, 50
FITS, TOO_LONG = 60_000, 200_000  # bytes that must pass, and that must not
OTHERS = ("/completion", "/v1/responses", "/slots", "/metrics")
CALLERS, SLOTS, MOST = 12, 4, 8
TOKENS = 60  # long enough that none is over when all are there


def examine_keys() -> None:
    wrong = lab.bearer("0123456789abcdef")
    for path in ("/v1/models", "/slots", "/metrics"):
        for headers, how in (({}, "without a key"), (wrong, "with a wrong key")):
            code, _, _ = lab.ask(path, headers=headers)
            if code != 401:
                verdict.not_yet(f"{path} {how} gets {code}, not 401")
    code, _, _ = lab.ask(lab.CHAT, lab.prompt("Hello.", 1), headers=wrong)
    if code != 401:
        verdict.not_yet(f"a question with a wrong key gets {code}, not 401")
    for team in lab.TEAMS:
        code, answer, _ = lab.ask("/v1/models", team=team)
        if code != 200:
            verdict.not_yet(f"the key of the team {team} gets {code}: {answer}")
    probe()


def probe() -> None:
    code, _, _ = lab.ask("/health")
    if code != 200:
        verdict.not_yet(f"/health gets {code}")


def examine_paths() -> None:
    """Each other path of a server would go around a budget and a bill."""
    for path in OTHERS:
        body = None if path in ("/slots", "/metrics") else {"prompt": "Hello.", "n_predict": 1}
        code, _, _ = lab.ask(path, body, "search")
        if code not in (403, 404, 405):
            verdict.not_yet(f"{path} with a key gets {code}, not 404: only what is counted is open")


def send_much(length: int, chunked: bool) -> int:
    """The status that a long body gets; what is not read is not sent."""
    body = json.dumps(lab.prompt("x" * length, 1)).encode()
    connection = HTTPConnection(lab.ADDRESS, timeout=120)
    connection.putrequest("POST", lab.CHAT)
    for name, value in lab.bearer(lab.key("search")).items():
        connection.putheader(name, value)
    if chunked:
        connection.putheader("Transfer-Encoding", "chunked")
    else:
        connection.putheader("Content-Length", str(len(body)))
    # A reset is no failure here: the answer may still be readable.
    with contextlib.suppress(OSError):
        connection.endheaders()
        for start in range(0, len(body), 1 << 16):
            if select.select([connection.sock], [], [], 0)[0]:
                break  # an answer is there already
            piece = body[start : start + (1 << 16)]
            connection.send(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
        else:
            connection.send(b"0\r\n\r\n" if chunked else b"")
    try:
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def examine_bodies() -> None:
    before = lab.memory()
    for length in (TOO_LONG, BODY_MB * 1_000_000):  # first what does little harm
        for chunked, how in ((False, "with its length"), (True, "without a length")):
            code = send_much(length, chunked)
            if code != 413:
                what = f"{length / 1e6:g} MB of JSON sent {how}"
                verdict.not_yet(f"{what} get {code or 'no answer'}, not 413")
    if (grown := lab.memory() - before) > MEMORY_MB:
        verdict.not_yet(f"{BODY_MB} MB of JSON cost the gateway {grown:.0f} MB of memory")
    padded = lab.prompt("Hello.", 1)
    padded["metadata"] = {"note": "x" * (FITS - len(json.dumps(padded)) - 32)}
    code, answer, _ = lab.ask(lab.CHAT, padded, "search")
    if code != 200:
        verdict.not_yet(f"a request of 60 kB gets {code}: {str(answer)[:100]}")


def fill() -> list[bytes]:
    """More callers than may be in flight, and a probe: how the answers begin that are there."""
    for team in lab.TEAMS:
        lab.usage(lab.prompt("Hello.", 1), team)  # waits where it has no tokens left
    callers = [
        lab.open_stream(lab.long_story(TOKENS), lab.TEAMS[number % 2]) for number in range(CALLERS)
    ]
    try:
        # Envoy refuses in a moment, and the first token takes a prompt: then all is decided.
        lab.wait_for(lambda: 200 in map(lab.status, lab.answered(callers).values()))
        for _ in range(5):
            probe()
        return list(lab.answered(callers).values())
    finally:
        for caller in callers:
            caller.close()
        lab.idle()


def examine_load() -> None:
    """What do those get for whom there is no place?"""
    heads = fill()
    waits = [re.search(rb"retry-after: (\d+)", head) for head in heads if lab.status(head) == 429]
    if any(waits):  # the tokens of a team, not the places, were too few
        time.sleep(min(60, max(int(wait[1]) for wait in waits if wait)))
        heads = fill()
    full = [head for head in heads if lab.status(head) == 503]
    refused = len(full) + sum(lab.status(head) == 429 for head in heads)
    if not refused:
        verdict.not_yet(f"{CALLERS} of {CALLERS} are in flight, not {SLOTS} to {MOST}")
    if not all(b"x-envoy-overloaded" in head for head in full):
        verdict.not_yet("callers are refused with 503, but not by a circuit breaker")
    inside = CALLERS - refused
    if not SLOTS <= inside <= MOST:
        verdict.not_yet(f"{inside} of {CALLERS} are in flight, not {SLOTS} to {MOST}")
    print(f"{inside} in flight, {refused} refused; /health gets 200 meanwhile")


examine_keys()
examine_paths()
examine_bodies()
examine_load()

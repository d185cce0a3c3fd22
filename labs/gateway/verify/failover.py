"""Is every request answered when a server dies or hangs, and none of them twice?"""

import os
import subprocess
import time

import lab
import twin
import verdict

REQUESTS = 20
NOTICED = 30  # seconds in which a server that hangs is left alone
CLIENT = 180  # seconds, on a machine that is busy
PROBE = 1.0  # the twin's seconds that a health check may take


def probes(bootstrap: dict) -> list[dict]:
    return [one for found in twin.each(bootstrap, "health_checks") for one in found]


def pace(bootstrap: dict) -> float:
    """How much faster the twin's clock may run: its health checks still have a second."""
    times = [one[name] for one in probes(bootstrap) for name in ("timeout", "interval")]
    return max(min(map(twin.seconds, times), default=PROBE) / PROBE, 0.1)


def examine_retries(bootstrap: dict) -> None:
    for value in twin.each(bootstrap, "per_try_timeout"):
        if twin.seconds(value):
            verdict.not_yet(
                f"per_try_timeout {value}: a second server starts while the first still works on "
                "the same request"
            )


def served(gateway: twin.Twin, timeout: float = 60) -> str:
    """By whom a request is answered; else the status."""
    code, response = gateway.ask(timeout=timeout)
    if code == 200 and response:
        twin.read(response)
        return str(response.headers.get("x-served-by"))
    return f"{code or 'no answer'}"


def examine_death(gateway: twin.Twin, dead: twin.Server, other: twin.Server) -> None:
    dead.die()
    seen = [served(gateway) for _ in range(REQUESTS)]
    if wrong := [one for one in seen if one != other.name]:
        verdict.not_yet(f"{dead.name} is dead: {len(wrong)} of {REQUESTS} requests get {wrong[0]}")
    dead.live()
    back(gateway, dead)


def back(gateway: twin.Twin, server: twin.Server) -> None:
    if not gateway.wait(server, 2 * NOTICED):
        verdict.not_yet(f"{server.name} is back, and gets no requests")


def failing(code: int) -> twin.Script:
    """After the work: what was computed is paid for."""
    return lambda handler: handler.whole(code, b'{"error":{"message":"the context is full"}}')


FAILURES: tuple[tuple[twin.Script, str], ...] = (
    (failing(500), "fails with 500"),
    (failing(503), "fails with 503"),
    (failing(409), "fails with 409"),
    (lambda handler: handler.break_off(), "breaks off before it begins"),
)


def examine_once(gateway: twin.Twin, script: twin.Script, what: str) -> None:
    """What a server has begun is not begun at another one."""
    gateway.script(script)
    before = gateway.a.requests + gateway.b.requests
    by = served(gateway)
    times = gateway.a.requests + gateway.b.requests - before
    if times != 1:
        verdict.not_yet(
            f"one request whose answer {what} is worked on {times} times (its caller gets {by})"
        )
    gateway.script(twin.answer)


def examine_hanging(gateway: twin.Twin, faster: float) -> None:
    gateway.b.hangs.set()
    end = time.monotonic() + NOTICED / faster + 5
    while gateway.health(gateway.b) == "healthy":
        if time.monotonic() > end:
            verdict.not_yet(f"server-b hangs, and still gets requests after {NOTICED} s")
        time.sleep(0.1)
    seen = [served(gateway, timeout=5) for _ in range(REQUESTS)]
    if wrong := [one for one in seen if one != "server-a"]:
        verdict.not_yet(f"server-b hangs: {len(wrong)} of {REQUESTS} requests get {wrong[0]}")


def cut(handler: twin.Handler) -> None:
    """A server that is killed in the middle of an answer."""
    handler.begin()
    handler.piece("Half of an ")
    handler.piece("answer")
    handler.break_off()


def ended(handler: twin.Handler) -> None:
    """The same, and whatever stood between has made a tidy end of it."""
    handler.begin()
    handler.piece("Half of an ")
    handler.piece("answer")
    handler.wfile.write(b"0\r\n\r\n")


def whole(handler: twin.Handler) -> None:
    handler.begin()
    handler.piece("Half of an ")
    handler.piece("answer and the other half")
    handler.end(9)


def client(gateway: twin.Twin) -> tuple[int, str]:
    """What the learner's client makes of a stream."""
    argv = [lab.PYTHON, "-m", "client.report", "How was the night?"]
    env = os.environ | {"MLOPS_LAB_ENDPOINT_API": gateway.url}
    try:
        with verdict.fresh_bytecode():
            done = subprocess.run(
                argv, env=env, capture_output=True, text=True, timeout=CLIENT, check=False
            )
    except subprocess.TimeoutExpired:
        verdict.not_yet(f"client.report did not end within {CLIENT} s")
    return done.returncode, done.stdout + done.stderr


def examine_client(gateway: twin.Twin) -> None:
    gateway.script(whole)
    code, printed = client(gateway)
    if code or "the other half" not in printed:
        tail = printed.strip().splitlines() or [""]
        verdict.not_yet(f"client.report exited with {code} after a whole answer: {tail[-1]}")
    for script, how in ((cut, "broke off"), (ended, "ended without [DONE]")):
        gateway.script(script)
        before = gateway.a.requests + gateway.b.requests
        code, printed = client(gateway)
        asked = gateway.a.requests + gateway.b.requests - before
        if asked != 1:
            verdict.not_yet(f"an answer that {how} was asked for {asked} times")
        if code == 0:
            verdict.not_yet(f"client.report exits with 0 after an answer that {how}")
    gateway.script(twin.answer)


def main() -> None:
    bootstrap = twin.config()
    examine_retries(bootstrap)
    faster = pace(bootstrap)
    with twin.twin(faster) as gateway:
        for server in (gateway.a, gateway.b):
            if not gateway.wait(server):
                verdict.not_yet(f"{server.name} is well, and the gateway does not think so")
        for script, what in FAILURES:
            examine_once(gateway, script, what)
        examine_death(gateway, gateway.a, gateway.b)
        if not probes(bootstrap):
            verdict.not_yet("no health checks: a server that hangs is never noticed")
        if not all("http_health_check" in one for one in probes(bootstrap)):
            verdict.not_yet("the health check asks for no path: a server that hangs takes it well")
        examine_client(gateway)
        examine_death(gateway, gateway.b, gateway.a)
        examine_hanging(gateway, faster)
    print(f"{3 * REQUESTS} requests were answered without one server; a cut answer is a failure")


if __name__ == "__main__":
    main()

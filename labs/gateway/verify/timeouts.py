"""Does a long answer pass whole, and does one end that a server has stopped writing?"""

import threading
import time

import twin
import verdict

LEAST, MOST = 20, 120  # seconds of silence
TRIES = 3  # this machine may be busy, and the twin's seconds are short
TICK, IDLE = 0.1, 1.2  # the twin's seconds: between two pieces, and its idle timeout
PIECES = round(2.5 * IDLE / TICK)


def longest_silence(bootstrap: dict) -> float:
    """After how many seconds without a byte a stream ends; what is not set has Envoy's default."""
    general = [twin.seconds(value) for value in twin.each(bootstrap, "stream_idle_timeout")]
    found = []
    for route in twin.routes(bootstrap):
        idle = route.get("idle_timeout", f"{min(general, default=300)}s")
        ends = [idle, route.get("retry_policy", {}).get("per_try_idle_timeout", "0s")]
        found.append(min((twin.seconds(end) for end in ends if twin.seconds(end)), default=0))
    if not all(found):
        verdict.not_yet("a stream may be silent for ever: there is no idle timeout")
    return max(found, default=0)


def examine(bootstrap: dict) -> float:
    routes = twin.routes(bootstrap)
    if not routes:
        verdict.not_yet("the gateway that runs has no route for /v1/chat/completions")
    for route in routes:
        total = route.get("timeout", "15s")
        if twin.seconds(total):
            default = "" if "timeout" in route else " (Envoy's default, where nothing is set)"
            verdict.not_yet(f"a total timeout of {total}{default} ends every answer that is longer")
    for value in twin.each(bootstrap, "max_stream_duration"):
        if isinstance(value, str) and twin.seconds(value):
            verdict.not_yet(f"max_stream_duration {value}: a total timeout under another name")
    idle = longest_silence(bootstrap)
    if idle > MOST:
        verdict.not_yet(f"{idle:g} s without a byte before a stream ends: {MOST} are enough")
    if idle < LEAST:
        verdict.not_yet(
            f"{idle:g} s without a byte end a stream: an answer that waits for a slot, or comes "
            f"all at once, is silent for up to {LEAST} s"
        )
    return idle


def steady(handler: twin.Handler) -> None:
    """Longer than any one silence may be."""
    handler.begin()
    for number in range(PIECES):
        handler.piece(f"{number} ")
        time.sleep(TICK)
    handler.end(PIECES)


def stalled(handler: twin.Handler) -> None:
    handler.begin()
    handler.piece("and then ")
    over.wait(60)


over = threading.Event()


def attempt(faster: float) -> str:
    """What went wrong, or nothing."""
    with twin.twin(faster) as gateway:
        gateway.script(steady)
        code, response = gateway.ask(stream=True)
        if not twin.read(response)[1]:
            return f"a long answer that never pauses was cut behind a {code}"
        gateway.script(stalled)
        code, response = gateway.ask(stream=True, timeout=10 * IDLE)
        began = time.monotonic()
        twin.read(response)
        over.set()
        if time.monotonic() - began > 5 * IDLE:
            return "a stream that a server has stopped writing does not end"
    return ""


def main() -> None:
    idle = examine(twin.config())
    for _ in range(TRIES):
        over.clear()
        if not (trouble := attempt(idle / IDLE)):
            print(f"no total timeout; {idle:g} s of silence end a stream")
            return
    verdict.not_yet(trouble)


main()

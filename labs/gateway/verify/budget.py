"""Does each team get its tokens in each window, and nothing after that?"""

import itertools
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import lab
import verdict

BUDGET, SECONDS = 4000, 20
TRIES, SLOTS = 1000, 4  # a request for each slot is the most that may be too much
CALLERS = 16
LONGEST = 90  # seconds for all tries: on a slow machine they are fewer
TEXT = f"{random.random()}" + " deploy" * 380  # computed once: only the first one takes time
enough = threading.Event()
STREAM = {"stream": True, "stream_options": {"include_usage": True}}


def spend_all(team: str) -> tuple[str, dict[str, str], int]:
    """Whole answers, one after the other, until the gateway refuses: its answer, and the tokens."""
    spent, began = 0, time.monotonic()
    while True:
        code, answer, headers = lab.ask(lab.CHAT, lab.prompt(TEXT, 1), team, patient=False)
        if code == 429:
            return str(answer), headers, spent
        if code != 200:
            verdict.not_yet(f"a question of {team} gets {code}: {str(answer)[:100]}")
        spent += answer["usage"]["total_tokens"]
        windows = 2 + int((time.monotonic() - began) / SECONDS)  # as many as it can have touched
        if spent > windows * (BUDGET + answer["usage"]["total_tokens"]):
            verdict.not_yet(f"{team} has spent {spent} tokens, and still gets answers")


def try_stream(_: int = 0) -> tuple[int, int]:
    """Until there is a place in flight: only then the budget decides."""
    while not enough.is_set():
        code, usage = lab.usage(lab.prompt(TEXT, 1, **STREAM), "search", patient=False)
        if code == 200:
            return code, usage.get("total_tokens", 0)
        time.sleep(0.05)
        if code != 503:
            return code, 0
    return 0, 0


def one_by_one() -> Iterator[tuple[int, int]]:
    """Nothing is held for others any more: a team gets what is left, and is refused then."""
    code = 200
    while code == 200:
        code, tokens = try_stream()
        yield code, tokens


def main() -> None:
    one, other = lab.TEAMS
    lab.usage(lab.prompt("Hello.", 1), other)  # the check before may have spent its tokens
    reason, headers, _ = spend_all(one)
    if "token" not in reason:
        verdict.not_yet(f"429 does not say why: {reason[:100]!r}")
    wait = headers.get("retry-after", "")
    if not wait.isdigit() or not 1 <= int(wait) <= SECONDS:
        verdict.not_yet(f"429 has retry-after {wait!r}, not the seconds until new tokens come")
    code, answer, _ = lab.ask(lab.CHAT, lab.prompt("Hello.", 1), other, patient=False)
    if code != 200:
        verdict.not_yet(f"{one} has spent its tokens, and {other} gets {code}: {answer}")

    time.sleep(int(wait))
    code = 429
    end = time.monotonic() + 5
    while code == 429 and time.monotonic() < end:  # its last second may not be over
        time.sleep(0.1)
        began = time.monotonic()
        code, granted = try_stream()
    if code != 200:
        verdict.not_yet(f"after the {wait} s of retry-after a question gets {code}")
    most, codes = granted, Counter([code])
    overspent = False
    with ThreadPoolExecutor(CALLERS) as pool:
        for code, tokens in itertools.chain(pool.map(try_stream, range(TRIES)), one_by_one()):
            if code not in (0, 200, 429):
                enough.set()
                verdict.not_yet(f"one of {TRIES} tries gets {code}")
            codes[code] += 1
            granted, most = granted + tokens, max(most, tokens)
            seconds = time.monotonic() - began
            windows = 1 + int((seconds + 1) / SECONDS)  # they end on full seconds
            overspent = overspent or granted > windows * (BUDGET + SLOTS * most)
            if overspent or seconds > LONGEST:
                enough.set()  # the rest would only take time
    if overspent:
        verdict.not_yet(f"{codes[200]} streams got {granted} tokens in {windows} window(s)")
    short = granted < BUDGET - most
    if not codes[429] or (short and enough.is_set()):
        verdict.cannot_tell(
            f"this machine is too slow: {granted} tokens in {seconds:.0f} s spend no budget"
        )
    if short:
        verdict.not_yet(f"{codes[200]} streams got {granted} tokens, less than their {BUDGET}")
    print(json.dumps({"granted": granted, "windows": windows, "refused": codes[429]}))


main()

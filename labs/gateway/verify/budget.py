"""Does each team get its tokens in each window, and nothing after that?"""

import itertools
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import lab
import verdict

BUDGET, SECONDS = 4000, 20
TRIES, SLOTS = 1000, 4  # a request for each slot is the most that may be too much
CALLERS = 16
LONGEST = 60  # seconds for all tries: on a slow machine they are fewer
LATE = 2  # seconds: so much later than a window began may its first answer be noticed
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


class Try(NamedTuple):
    code: int = 0  # none: it was not made any more
    tokens: int = 0
    began: float = 0
    ended: float = 0

    def window(self, first: float) -> int | None:
        """In which one it was let in and answered, by its number; none where that is not sure."""
        number = int((self.began - first) / SECONDS)
        return number if self.ended - first < (number + 1) * SECONDS - LATE else None


def try_stream(_: int = 0) -> Try:
    """Until there is a place in flight: only then the budget decides."""
    while not enough.is_set():
        began = time.monotonic()
        code, usage = lab.usage(lab.prompt(TEXT, 1, **STREAM), "search", patient=False)
        if code == 200:
            return Try(code, usage.get("total_tokens", 0), began, time.monotonic())
        time.sleep(0.05)
        if code != 503:
            return Try(code)
    return Try()


def one_by_one() -> Iterator[Try]:
    """Nothing is held for others any more: a team gets what is left, and is refused then."""
    tried = Try(200)
    while tried.code == 200:
        tried = try_stream()
        yield tried


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
    end = time.monotonic() + 5
    first = Try(429)
    while first.code == 429 and time.monotonic() < end:  # its last second may not be over
        time.sleep(0.1)
        first = try_stream()
    if first.code != 200:
        verdict.not_yet(f"after the {wait} s of retry-after a question gets {first.code}")
    granted, most, codes = first.tokens, first.tokens, Counter([first.code])
    windows = Counter({0: first.tokens})
    with ThreadPoolExecutor(CALLERS) as pool:
        for tried in itertools.chain(pool.map(try_stream, range(TRIES)), one_by_one()):
            if tried.code not in (0, 200, 429):
                enough.set()
                verdict.not_yet(f"one of {TRIES} tries gets {tried.code}")
            codes[tried.code] += 1
            granted, most = granted + tried.tokens, max(most, tried.tokens)
            window = tried.window(first.began)
            if window is not None:
                windows[window] += tried.tokens
            seconds = time.monotonic() - first.began
            overspent = max(windows.values()) > BUDGET + SLOTS * most
            if overspent or seconds > LONGEST:
                enough.set()  # the rest would only take time
    if overspent:
        spent = max(windows.values())
        verdict.not_yet(f"streams got {spent} tokens in {SECONDS} s, and the budget is {BUDGET}")
    short = granted < BUDGET - most
    if not codes[429] or (short and enough.is_set()):
        verdict.cannot_tell(
            f"this machine is too slow: {granted} tokens in {seconds:.0f} s spend no budget"
        )
    if short:
        verdict.not_yet(f"{codes[200]} streams got {granted} tokens, less than their {BUDGET}")
    print(json.dumps({"granted": granted, "windows": len(windows), "refused": codes[429]}))


main()

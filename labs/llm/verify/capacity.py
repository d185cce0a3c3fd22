"""Do four callers at a time get 2,000 tokens each, within the memory that is allowed?"""

import random
from concurrent.futures import ThreadPoolExecutor

import lab
import verdict

CALLERS, TOKENS, MEMORY_MB = 4, 2000, 600
LONG, SHORT = TOKENS - 100, 50
ANSWER = 16
WORD = " deploy"  # one token


def examine_memory() -> float:
    resident = lab.total(lab.counters(), "process_resident_memory_bytes") / 1e6
    if resident > MEMORY_MB:
        verdict.not_yet(f"the server takes {resident:.0f} MB, and may take {MEMORY_MB} MB")
    return resident


def sizes(context: int) -> list[int]:
    """One prompt as long as promised, and others beside it that are no longer than it takes to
    see whether each slot has this context for itself, or all of them share it.
    """
    if context >= CALLERS * TOKENS:  # enough in both cases
        return [LONG] + [SHORT] * (CALLERS - 1)
    beside = (context + 200 - LONG) // (CALLERS - 1)
    return [LONG] + [min(max(beside, SHORT), LONG)] * (CALLERS - 1)


def main() -> None:
    code, slots = lab.ask("/slots")
    if code != 200 or not isinstance(slots, list):
        verdict.not_yet(f"/slots answers {code}: {lab.error(slots)}")
    context = min(slot["n_ctx"] for slot in slots)
    if len(slots) < CALLERS:
        verdict.not_yet(f"{len(slots)} slots: of {CALLERS} callers some wait for the others")
    if context < TOKENS:
        verdict.not_yet(f"{len(slots)} slots with {context} tokens each: {TOKENS} are needed")

    examine_memory()
    # Each prompt begins with a word of its own: nothing of it is in a cache. And each answer is so
    # long that the first one is still being written when the last prompt is read.
    more = {"max_tokens": ANSWER, "ignore_eos": True}
    prompts = sizes(context)
    bodies = [
        lab.prompt(f"{random.random()}" + WORD * size, user=f"check-{n}", **more)
        for n, size in enumerate(prompts)
    ]
    with ThreadPoolExecutor(CALLERS) as pool:
        answers = list(pool.map(lambda body: lab.ask(lab.CHAT, body, timeout=900), bodies))
    for size, (code, answer) in zip(prompts, answers, strict=True):
        if code != 200:
            verdict.not_yet(
                f"a prompt of {size} tokens is answered with {code}: {lab.error(answer)}"
            )
        if answer["usage"]["prompt_tokens"] < size:
            verdict.not_yet(
                f"of a prompt of {size} tokens only {answer['usage']['prompt_tokens']} were read"
            )
    resident = examine_memory()
    print(f"{CALLERS} callers at a time, {context} tokens each, {resident:.0f} MB")


main()

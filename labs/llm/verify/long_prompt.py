"""Does a long incident report get an answer again, at the old price in memory?"""

import random

import lab
import verdict

TOKENS, SLOTS, MEMORY_MB = 1800, 4, 600


def resident() -> float:
    megabytes = lab.total(lab.counters(), "process_resident_memory_bytes") / 1e6
    if megabytes > MEMORY_MB:
        verdict.not_yet(f"the server takes {megabytes:.0f} MB, and may take {MEMORY_MB} MB")
    return megabytes


resident()  # before the prompt, which is expensive
text = f"{random.random()}" + " deploy" * TOKENS
code, answer = lab.ask(lab.CHAT, lab.prompt(text, max_tokens=1), timeout=600)
if code == 429:
    verdict.cannot_tell("the server is busy: 429")
if code != 200:
    verdict.not_yet(f"a report of {TOKENS} tokens is answered with {code}: {lab.error(answer)}")
if (slots := lab.total(lab.counters(), "front_slots")) < SLOTS:
    verdict.not_yet(f"{slots:g} slots: {SLOTS} callers at a time were promised")
print(f"a report of {TOKENS} tokens is answered; {slots:g} slots, {resident():.0f} MB")

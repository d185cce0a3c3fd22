"""Is the access log free of keys and prompts, and does it still have what a bill needs?"""

import os
import random

import lab
import verdict

TOKENS = ("prompt_tokens", "completion_tokens")
NEEDED = ("time", "path", "status", "duration_ms", "team", "model", *TOKENS)


def canary() -> str:
    return "".join(random.choices("bcdfghjklmnpqrstvwxz", k=12))


def main() -> None:
    question, address, key = canary(), canary(), canary()
    secret = {
        question: "what a caller asked",
        address: "what stands behind the question mark of an address",
        key: "a key that someone tried",
        os.environ.get("SERVER_KEY", "-" * 99): "the key for the servers",
    } | {lab.key(team): f"the key of {team}" for team in lab.TEAMS}
    before = len(lab.ledger())
    code, usage = lab.usage(lab.prompt(f"What is {question}?", 4), "search")
    if code != 200:
        verdict.cannot_tell(f"a question gets {code}")
    lab.ask(f"/v1/models?api_key={address}", team="support")
    lab.ask(lab.CHAT, lab.prompt(f"What is {question}?", 4), headers=lab.bearer(key))
    lines = lab.logged(before, 3)
    for line in lines:
        for text, what in secret.items():
            if text in line:
                names = [name for name, value in lab.entry(line).items() if text in str(value)]
                verdict.not_yet(f"the log has {what}, in {', '.join(names) or 'a name'}")
    entries = [lab.entry(line) for line in lines]
    for name in NEEDED:
        if entries[0].get(name) is None:
            verdict.not_yet(f"the log has no {name} any more")
    if any(entries[0][name] != usage[name] for name in TOKENS):
        verdict.not_yet("the tokens in the log are not those that the caller saw")
    paths = [entry.get("path") for entry in entries]
    if paths != [lab.CHAT, "/v1/models", lab.CHAT]:
        verdict.not_yet(f"the log has {paths[1]} for /v1/models")
    print(f"{len(lines)} requests are in the log, and what they asked is not")


main()

"""Does the access log have the tokens that each team's callers saw, whole answers and streams?"""

import random

import lab
import verdict

TOKENS = ("prompt_tokens", "completion_tokens")
STREAM = {"stream": True, "stream_options": {"include_usage": True}}


def main() -> None:
    before, expected = len(lab.ledger()), []
    for team in lab.TEAMS:
        other = next(name for name in lab.TEAMS if name != team)
        for mode, how in (({}, "a whole answer"), (STREAM, "a stream")):
            text = f"{random.random()} Name colours." + " And more." * random.randint(0, 9)
            body = lab.prompt(text, random.randint(4, 12), **mode)
            # A caller may claim to be of another team: the key counts.
            code, usage = lab.usage(body, team, **{"x-team": other})
            if code != 200 or not usage:
                verdict.not_yet(f"{how} for {team} gets {code} and the usage {usage}")
            expected.append((team, how, usage))
    lab.ask("/v1/models", headers=lab.bearer("0123456789abcdef"))
    entries = [lab.entry(line) for line in lab.logged(before, len(expected) + 1)]
    for entry, (team, how, usage) in zip(entries, expected, strict=False):
        for name in ("team", "model", "status", "duration_ms", *TOKENS):
            if entry.get(name) is None:
                verdict.not_yet(f"the line of {how} has no {name}")
        if entry["team"] != team:
            verdict.not_yet(f"{how} for {team} is in the log as one for {entry['team']}")
        if entry["status"] != 200 or entry["model"] != "smollm2":
            verdict.not_yet(f"{how} has status {entry['status']} and model {entry['model']}")
        if [entry[name] for name in TOKENS] != [usage[name] for name in TOKENS]:
            logged = {name: entry[name] for name in TOKENS}
            verdict.not_yet(f"the log has {logged} for {how}, and its caller saw {usage}")
    if entries[-1].get("status") != 401 or entries[-1].get("team"):
        verdict.not_yet("a request with a wrong key is not in the log as 401 of no team")
    print(f"{len(expected)} answers, with the tokens that their callers saw")


main()

"""Does the server compute the shared part of client.extract's prompts once?"""

import subprocess
import sys
import tempfile
from pathlib import Path

import alerts
import lab
import verdict
from contract import valid
from detour import detour

ALERTS, ENOUGH = 3, 0.8


def main() -> None:
    known = alerts.make(ALERTS)
    with detour() as (passed, env), tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "alerts.txt"
        file.write_text("".join(f"{text}\n" for text, _ in known), "utf-8")
        argv = [lab.PYTHON, "-m", "client.extract", str(file)]
        with verdict.fresh_bytecode():
            done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        tail = done.stderr.strip().splitlines() or [""]
        verdict.not_yet(f"client.extract exited with {done.returncode}: {tail[-1]}")
    right = [
        valid(line) == fields
        for line, (_, fields) in zip(done.stdout.splitlines(), known, strict=False)
    ]
    if not any(right):
        verdict.not_yet(f"of {ALERTS} alerts none is right: the contract is broken")
    if len(passed) < ALERTS:
        verdict.not_yet(f"{ALERTS} alerts, and {len(passed)} requests came from client.extract")
    # The first one fills the cache; another caller may have taken its slot since.
    prompt = cached = 0
    for one in passed[1:]:
        if one.status != 200:
            verdict.not_yet(f"the server answers client.extract with {one.status}")
        usage = one.usage()
        if usage is None:
            verdict.not_yet("no usage: client.extract does not ask its streams for it")
        prompt += usage["prompt_tokens"]
        cached += usage["prompt_tokens_details"]["cached_tokens"]
    if prompt < 300 * len(passed[1:]):
        verdict.not_yet(
            f"{prompt // len(passed[1:])} tokens in a prompt: the examples are no longer in it"
        )
    if cached < ENOUGH * prompt:
        verdict.not_yet(
            f"{cached} of {prompt} prompt tokens came from the cache: "
            f"the server computes {100 - 100 * cached // prompt} % again for each alert"
        )
    print(f"{cached} of {prompt} prompt tokens came from the cache")


if __name__ == "__main__":
    sys.exit(main())

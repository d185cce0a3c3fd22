"""Does client/chat.py show the live answer as it comes, and report what it cost?"""

import json
import random
import subprocess
import threading

import lab
import verdict
from detour import detour

WORDS = ("river", "lamp", "bridge", "garden", "needle", "winter", "copper", "engine")


def run(question: str, shown: threading.Event, env: dict[str, str]) -> str:
    """What the client prints; the event is set with the first of it."""
    argv = [lab.PYTHON, "-m", "client.chat", question]
    with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as client:
        printed = bytearray()
        while piece := client.stdout.read1(65536):
            printed += piece
            if printed.strip():
                shown.set()
        trouble = client.stderr.read().decode(errors="replace").strip().splitlines()
    if client.returncode:
        verdict.not_yet(
            f"client.chat exited with {client.returncode}: {trouble[-1] if trouble else ''}"
        )
    return printed.decode(errors="replace")


def main() -> None:
    question = f"Write three sentences about a {random.choice(WORDS)} and a {random.choice(WORDS)}."
    before = lab.counters()
    shown = threading.Event()
    with detour(shown) as (passed, env), verdict.fresh_bytecode():
        printed = run(question, shown, env)
    chats = [one for one in passed if one.path == lab.CHAT]
    if not chats:
        verdict.not_yet("client.chat answered without the server: no request came from it")
    if question not in chats[0].request.decode(errors="replace"):
        verdict.not_yet("client.chat sends another question than the one it is given")
    if chats[0].status != 200:
        verdict.not_yet(f"the server answers client.chat with {chats[0].status}")
    if b"data: " not in chats[0].answer:
        verdict.not_yet("no stream: the whole answer comes at once")
    if b"data: [DONE]" not in chats[0].answer:
        verdict.not_yet("client.chat left before the stream had ended with [DONE]")
    choices = [event["choices"][0] for event in chats[0].events() if event["choices"]]
    pieces = [choice["delta"].get("content") or "" for choice in choices]
    usage = chats[0].usage()
    if usage is None:
        verdict.not_yet("no usage: the client does not ask the stream for it")

    text, _, last = printed.strip().rpartition("\n")
    try:
        cost = json.loads(last)
        claimed = {name: int(cost[name]) for name in EXPECTED}
    except (ValueError, KeyError, TypeError):
        verdict.not_yet(f"the last line is no JSON object with {', '.join(EXPECTED)}: {last!r}")
    if "".join(pieces).split() != text.split():
        verdict.not_yet("client.chat does not print the text that the server sent")
    if not chats[0].early:
        verdict.not_yet("the text is printed only after the whole answer has come")
    expected = {
        "chunks": len([piece for piece in pieces if piece]),
        "prompt_tokens": usage["prompt_tokens"],
        "completion_tokens": usage["completion_tokens"],
    }
    if claimed != expected:
        verdict.not_yet(f"client.chat reports {claimed}, the stream had {expected}")
    after = lab.counters()
    name = "llamacpp:tokens_predicted_total"
    if lab.total(after, name) - lab.total(before, name) < expected["completion_tokens"]:
        verdict.not_yet("the server's own counter of tokens did not move as far")
    print(f"{expected['chunks']} chunks, printed as they came; {usage['completion_tokens']} tokens")


EXPECTED = ("chunks", "prompt_tokens", "completion_tokens")
main()

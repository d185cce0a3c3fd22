"""Does client/chat.py show the live answer as it comes, and report what it cost?"""

import json
import random
import subprocess

import lab
import verdict
from detour import Passed, detour

WORDS = ("river", "lamp", "bridge", "garden", "needle", "winter", "copper", "engine")


def run(question: str, passed: list[Passed], env: dict[str, str]) -> tuple[str, bool]:
    """What the client prints, and whether the first of it came before the answer was over."""
    verdict.forget_bytecode()
    argv = [lab.PYTHON, "-m", "client.chat", question]
    early = False
    with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as client:
        printed = bytearray()
        while piece := client.stdout.read1(65536):
            if piece.strip() and not printed.strip():
                early = bool(passed) and not passed[0].over.is_set()
            printed += piece
        trouble = client.stderr.read().decode(errors="replace").strip().splitlines()
    if client.returncode:
        verdict.not_yet(
            f"client.chat exited with {client.returncode}: {trouble[-1] if trouble else ''}"
        )
    return printed.decode(errors="replace"), early


def events(answer: bytes) -> list[dict]:
    lines = answer.decode(errors="replace").splitlines()
    data = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
    return [json.loads(one) for one in data if one != "[DONE]"]


def main() -> None:
    question = f"Write three sentences about a {random.choice(WORDS)} and a {random.choice(WORDS)}."
    before = lab.counters()
    with detour() as (passed, env):
        printed, early = run(question, passed, env)
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
    seen = events(bytes(chats[0].answer))
    pieces = [e["choices"][0]["delta"].get("content") or "" for e in seen if e["choices"]]
    usage = next((e["usage"] for e in seen if e.get("usage")), None)
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
    if not early:
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

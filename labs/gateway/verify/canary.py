"""Does a candidate have a tenth of the traffic, and stay only where its answers are right?"""

import json
import os
import random
import sys
from pathlib import Path

import lab
import live
import twin
import verdict

sys.path.insert(0, ".")
verdict.forget_bytecode()
sys.dont_write_bytecode = True

try:
    from ops.evaluate import Result  # the project's
    from ops.gate import objections
except Exception as error:
    verdict.not_yet(f"ops/gate.py cannot be used: {error!r}")

REQUESTS, LEAST, MOST = 200, 4, 17  # percent; where chance decides, hardly ever beyond these
CANDIDATE = Path("candidates/short.jinja")


def decide(what: str, stable: Result, candidate: Result) -> list[str]:
    try:
        found = objections(stable, candidate)
    except Exception as error:
        verdict.not_yet(f"ops/gate.py fails about {what}: {error!r}")
    if not isinstance(found, list):
        verdict.not_yet(f"objections() returns {found!r}, not a list")
    return found


def examine_gate() -> None:
    total = random.choice([20, 50, 100])

    def result(right: int, answered: int = 100) -> Result:
        return Result(total, total * answered // 100, total * right // 100)

    for what, stable, candidate in (
        ("as many right answers", result(90), result(90)),
        ("more right answers", result(90), result(100)),
        ("as many right answers to hard questions", result(50), result(50)),
    ):
        if found := decide(what, stable, candidate):
            verdict.not_yet(f"ops/gate.py refuses a candidate with {what}: {found}")
    for what, stable, candidate in (
        ("no right answer", result(100), result(0)),
        ("55 % right, where 95 % were", result(95), result(55)),
        ("20 % right, where 60 % were", result(60), result(20)),
        ("every fifth request failed", result(80), result(80, answered=80)),
    ):
        if not decide(what, stable, candidate):
            verdict.not_yet(f"ops/gate.py lets a candidate through with {what}")


def template(server: str) -> str:
    """The chat template that a live server works with."""
    port = os.environ.get(f"SERVER_{server.upper()}_PORT")
    headers = lab.bearer(os.environ.get("SERVER_KEY", ""))
    code, body = live.ask(f"http://127.0.0.1:{port}/props", headers=headers, timeout=60)
    if code != 200:
        verdict.cannot_tell(f"/props of server-{server} answers {code}")
    return str(json.loads(body).get("chat_template")).strip()


def examine_servers() -> None:
    wanted = CANDIDATE.read_text("utf-8").strip()
    if template("b") != wanted:
        verdict.not_yet(f"server-b does not work with {CANDIDATE}")
    if template("a") == wanted:
        verdict.not_yet("server-a has the candidate, too: there is nothing to compare it with")


def examine_shares() -> None:
    with twin.twin() as gateway:
        for server in (gateway.a, gateway.b):
            gateway.wait(server)
        for _ in range(REQUESTS):
            code, response = gateway.ask()
            twin.read(response)
            if code != 200:
                verdict.not_yet(f"with two healthy servers a request gets {code or 'no answer'}")
        share = 100 * gateway.b.requests / REQUESTS
    if not LEAST <= share <= MOST:
        verdict.not_yet(f"server-b has {share:g} % of {REQUESTS} requests, not about 10 %")
    print(f"server-b has {share:g} % of the requests, and a candidate that passed the gate")


examine_gate()
examine_servers()
examine_shares()

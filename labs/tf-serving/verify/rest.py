"""Does client/ask_rest.py ask over REST, correctly, and tell what it is answered?

Judged by what the live server makes of the client's request, in whatever form that comes, and by
what the client makes of the answer.
"""

import json
import tempfile
from pathlib import Path

import lab
import verdict
from detour import detour, probabilities, surprise

CLIENT = "client.ask_rest"


def examine(file: str, deployment: dict[str, float]) -> None:
    rated, number = lab.rated(deployment), surprise()
    with detour(number) as (seen, run):
        probability, _ = lab.said(run(CLIENT, file), CLIENT)
    if seen.connects:
        verdict.not_yet(f"{CLIENT} asks over gRPC")
    if not seen.rest:
        # One that goes by no proxy: nobody but the server could know what it says.
        if not lab.near(probability, rated, lab.ROUNDED):
            verdict.not_yet(
                f"{CLIENT} says {probability} and sent no request that reached the server, which "
                f"rates this deployment {lab.shown(rated)}"
            )
        return
    path, body, code, live = seen.rest[-1]
    if code != 200:
        verdict.not_yet(f"the server refuses what {CLIENT} sends: {code} {json.dumps(live)[:200]}")
    asked = probabilities(live)
    if not asked or not all(lab.near(one, rated) for one in asked):
        verdict.not_yet(
            f"{CLIENT} asks about something else than the deployment in its file: the server rates "
            f"its request {lab.shown(asked[:3])} and that deployment {lab.shown(rated)}. In which "
            f"order are the columns? It sent {body.decode(errors='replace')[:160]} to {path}"
        )
    if abs(probability - number) > lab.ROUNDED:
        verdict.not_yet(f"{CLIENT} says {probability} instead of what it was answered, {number}")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        examine("requests/risky.json", verdict.read_json("requests/risky.json"))
        for number, deployment in enumerate(lab.surprises(2)):
            file = Path(folder) / f"{number}.json"
            file.write_text(json.dumps(deployment), "utf-8")
            examine(str(file), deployment)
    print("the client asks for a prediction and says what it is answered")


main()

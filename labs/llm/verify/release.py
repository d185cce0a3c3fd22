"""Does the live server run the model with 8 bits, and are its answers right?"""

from pathlib import Path

import alerts
import lab
import verdict
from contract import lines, valid

MODEL, ALERTS, ENOUGH = "smollm2-q8_0", 6, 4


def main() -> None:
    code, props = lab.ask("/props")
    if code != 200:
        verdict.not_yet(f"/props answers {code}")
    live = Path(props["model_path"]).stem
    if live != MODEL:
        verdict.not_yet(f"the live server serves {live}")
    known = alerts.make(ALERTS)
    answers = [valid(line) for line in lines([text for text, _ in known])]
    right = sum(answer == fields for answer, (_, fields) in zip(answers, known, strict=False))
    if right < ENOUGH:
        verdict.not_yet(f"of {ALERTS} alerts the live server gets {right} right")
    print(f"{MODEL} is in service, {right} of {ALERTS} alerts are right")


main()

"""Does the live server run the model with 8 bits, and are its answers right?"""

from pathlib import Path

import alerts
import lab
import verdict
from contract import judge

MODEL, ALERTS, WRONG_AT_MOST = "smollm2-q8_0", 15, 6


def main() -> None:
    code, props = lab.ask("/props")
    if code != 200:
        verdict.not_yet(f"/props answers {code}")
    live = Path(props["model_path"]).stem
    if live != MODEL:
        verdict.not_yet(f"the live server serves {live}")
    print(f"{MODEL} is in service, {judge(alerts.make(ALERTS), WRONG_AT_MOST)}")


main()

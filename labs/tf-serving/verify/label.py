"""Does the label mean version 2, in the file and on the live server, with version 1 still there?"""

from pathlib import Path

import lab
import verdict
from google.protobuf import text_format
from wire import config

FILE = Path("config/models.config")


def main() -> None:
    try:
        stated = config.labels(FILE, "rollback")
    except text_format.ParseError as error:
        verdict.not_yet(f"{FILE} does not parse: {error}")
    live = lab.states()
    gone = [number for number in ("1", "2") if live.get(number) != "AVAILABLE"]
    if gone:
        verdict.not_yet(f"version {gone[0]} is no longer available: {live}")
    if stated.get("stable") != 2:
        verdict.not_yet(f"{FILE} gives the label stable to {stated.get('stable')}, not to 2")
    rows = [lab.row(lab.surprise()) for _ in range(5)]
    by_label, second = lab.predict("/labels/stable", rows), lab.predict("/versions/2", rows)
    if any(abs(one - other) > 1e-5 for one, other in zip(by_label, second, strict=True)):
        verdict.not_yet("the live label stable does not answer as version 2 does")
    if (live_label := lab.meaning("stable")) != "2":
        verdict.not_yet(f"the live label stable is version {live_label}, not 2")
    print("stable is version 2, and version 1 is still there")


main()

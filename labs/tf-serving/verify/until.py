"""Waits until a label means a version, of so many that are loaded: until.py LABEL VERSION [2]"""

import sys
import time

import lab

label, version, loaded = [*sys.argv[1:], "2"][:3]
end = time.monotonic() + 30
while True:
    _, status = lab.ask(f"{lab.MODEL}/labels/{label}")
    found = [one["version"] for one in (status or {}).get("model_version_status", [])]
    _, all_versions = lab.ask(lab.MODEL)
    if found == [version] and len((all_versions or {}).get("model_version_status", [])) == int(
        loaded
    ):
        break
    if time.monotonic() > end:
        lab.not_yet(f"{label} means {found}, not {version}")
    time.sleep(0.2)

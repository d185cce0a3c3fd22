"""Waits until a label means a version, of so many that are loaded: until.py LABEL VERSION [2]"""

import sys
import time

import lab
import verdict

label, version, loaded = [*sys.argv[1:], "2"][:3]
end = time.monotonic() + 30
while True:
    found = lab.meaning(label)
    available = [number for number, state in lab.states().items() if state == "AVAILABLE"]
    if found == version and len(available) == int(loaded):
        break
    if time.monotonic() > end:
        verdict.not_yet(f"{label} means {found}, not {version}; available: {available}")
    time.sleep(0.2)

"""Does the alert hold while the server restarts, and end when the drift does?"""

import drift
import lab

FILES = lab.check_rules()
drift.examine(FILES)
lab.in_force(drift.ALERT, kind="alerting")
print("a restart no longer resolves the alert")

"""Are the answers right? On alerts that nobody has seen before, through client/extract.py."""

import alerts
from contract import judge

ALERTS, WRONG_AT_MOST = 15, 4

right = ALERTS - judge(alerts.make(ALERTS), WRONG_AT_MOST)
print(f"of {ALERTS} alerts {right} are exactly right")

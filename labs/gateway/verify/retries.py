"""Is a slow answer asked for once, and does a request still find the other server?"""

import time

import twin
from failover import FAILURES, examine_death, examine_once, pace

SLOW = 20  # seconds: as when the slots are busy


def main() -> None:
    faster = pace(twin.config())

    def slow(handler: twin.Handler) -> None:
        time.sleep(SLOW / faster)
        twin.answer(handler)

    with twin.twin(faster) as gateway:
        for server in (gateway.a, gateway.b):
            gateway.wait(server)
        examine_once(gateway, slow, f"takes {SLOW} s")
        for script, what in FAILURES:
            examine_once(gateway, script, what)
        examine_death(gateway, gateway.a, gateway.b)
    print("what a server has begun is not begun again, and a dead server is no caller's trouble")


main()

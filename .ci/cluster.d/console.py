"""What people read on standard error, and the failures that end a command."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Failure(Exception):
    """Ends the command with exit code 1 and this text."""


def report(text: str) -> None:
    print(f"   {text}", file=sys.stderr, flush=True)


@contextmanager
def phase(name: str) -> Iterator[None]:
    """Reports how long a phase took."""
    began = time.monotonic()
    yield
    report(f"{time.monotonic() - began:6.1f} s  {name}")


def wait(what: str, limit: float, probe: Callable[[], object]) -> None:
    """Until PROBE returns something true. A probe that cannot tell yet raises OSError."""
    end = time.monotonic() + limit
    last = ""
    while True:
        try:
            if probe():
                return
        except OSError as error:
            last = f": {error}"
        if time.monotonic() > end:
            raise Failure(f"waited {limit:.0f} s for {what}{last}")
        time.sleep(0.1)

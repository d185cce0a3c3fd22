"""Watches kfp's local runner: what became of each task, and the log.

The runner returns no record of a run, it only logs. And its SUCCESS is the exit code of a process:
what a task did is in its outputs.
"""

import contextlib
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path

COLOUR = re.compile(r"\x1b\[\d+m")
STATES = {
    "executed": re.compile(r"Task '([\w-]+)' finished with status SUCCESS"),
    "failed": re.compile(r"Task '([\w-]+)' finished with status FAILURE"),
    "cached": re.compile(r"Task ([\w-]+) cache hit"),
    "skipped": re.compile(r"Skipping conditional task ([\w-]+)"),
}
END = re.compile(r"Pipeline '[\w-]+' finished with status SUCCESS")


class Watch(logging.Filter):
    """Reports what a record has about a task, and lets every record pass."""

    def __init__(self, tell: Callable[[str, str], None]) -> None:
        super().__init__()
        self.succeeded = False
        self._tell = tell

    def filter(self, record: logging.LogRecord) -> bool:
        message = COLOUR.sub("", record.getMessage())
        for state, pattern in STATES.items():
            if found := pattern.match(message):
                self._tell(found[1], state)
        self.succeeded = self.succeeded or END.match(message) is not None
        return True


@contextlib.contextmanager
def watching(log: Path, tell: Callable[[str, str], None]) -> Iterator[Watch]:
    """Watches while the block runs; what the runner and the tasks print goes into the log."""
    watch = Watch(tell)
    root = logging.getLogger()
    level = root.level
    with log.open("w", encoding="utf-8") as file:
        handler = logging.StreamHandler(file)
        handler.setFormatter(logging.Formatter("%(asctime)s - %(levelname)s - %(message)s"))
        root.setLevel(logging.INFO)
        root.addHandler(handler)
        root.addFilter(watch)
        try:
            with contextlib.redirect_stdout(file):
                yield watch
        finally:
            root.removeFilter(watch)
            root.removeHandler(handler)
            root.setLevel(level)
    log.write_text(COLOUR.sub("", log.read_text("utf-8")), "utf-8")

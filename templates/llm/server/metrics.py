"""The front's own counters, beside those of llama.cpp, in Prometheus's text format."""

import resource
import sys
import time
from collections import Counter
from pathlib import Path

from server.settings import Settings
from server.slots import Slots

MOST_CALLERS = 50  # names come from outside: without an end they would fill the memory
OTHER = "other"


class Metrics:
    def __init__(self, settings: Settings, slots: Slots) -> None:
        self.settings = settings
        self.slots = slots
        self.started = time.time()
        self.requests: Counter[tuple[str, int]] = Counter()
        self.seconds: Counter[str] = Counter()
        self.callers: set[str] = set()

    def count(self, caller: str, code: int) -> None:
        self.requests[self._label(caller), code] += 1

    def held(self, caller: str, seconds: float) -> None:
        self.seconds[self._label(caller)] += seconds

    def _label(self, caller: str) -> str:
        if caller not in self.callers and len(self.callers) >= MOST_CALLERS:
            return OTHER
        self.callers.add(caller)
        return caller

    def text(self, engine: str) -> str:
        front = self.settings.front
        gauges = {
            "front_start_time_seconds": round(self.started, 3),
            "process_resident_memory_bytes": resident_bytes(),
            "front_active": self.slots.active,
            "front_waiting": len(self.slots.waiting),
            "front_slots": self.settings.engine.slots,
            "front_body_bytes_limit": front.body_bytes,
            "front_answer_tokens_limit": front.answer_tokens,
            "front_queue_limit": front.queue,
            "front_per_caller_limit": front.per_caller,
            "front_drain_seconds": front.drain_seconds,
        }
        lines = [engine.rstrip("\n")]
        for name, value in gauges.items():
            lines += [f"# TYPE {name} gauge", f"{name} {value}"]
        lines.append("# TYPE front_requests_total counter")
        for (caller, code), n in sorted(self.requests.items()):
            lines.append(f'front_requests_total{{caller="{escape(caller)}",code="{code}"}} {n}')
        lines.append("# TYPE front_slot_seconds_total counter")
        for caller, seconds in sorted(self.seconds.items()):
            lines.append(f'front_slot_seconds_total{{caller="{escape(caller)}"}} {seconds:.3f}')
        return "\n".join(lines) + "\n"


def resident_bytes() -> int:
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text("ascii").split()[1]) * resource.getpagesize()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # macOS: only the highest, in bytes
    return peak if sys.platform == "darwin" else peak * 1024


def escape(text: str) -> str:
    """A name from outside as a label: on one line, whatever a reader takes for the end of one."""
    visible = "".join(char if char.isprintable() else "?" for char in text)
    return visible.replace("\\", "\\\\").replace('"', '\\"')

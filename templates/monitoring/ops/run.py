"""python -m ops.run prometheus|alertmanager: becomes the program, with the lab's settings.

Both run in config/, so that what their files name lies beside them, here and in a container.
"""

import os
import shutil
import sys
from pathlib import Path

FLAGS = {
    "prometheus": [
        "--config.file=prometheus.yml",
        "--storage.tsdb.path=../data/prometheus",
        "--storage.tsdb.retention.time=2d",
        "--web.enable-lifecycle",  # POST /-/reload
        "--log.level=warn",
    ],
    "alertmanager": [
        "--config.file=alertmanager.yml",
        "--storage.path=../data/alertmanager",
        "--cluster.listen-address=",  # alone, and listening nowhere else
        "--log.level=warn",
    ],
}


def main() -> None:
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in FLAGS:
        raise SystemExit("usage: python -m ops.run prometheus|alertmanager")
    # Debian gives Alertmanager another name.
    program = shutil.which(name) or shutil.which(f"prometheus-{name}")
    if program is None:
        raise SystemExit(f"error: {name} is not on PATH")
    port = os.environ[f"{name.upper()}_PORT"]
    Path("data").mkdir(exist_ok=True)
    os.chdir("config")
    os.execv(program, [program, f"--web.listen-address=127.0.0.1:{port}", *FLAGS[name]])


if __name__ == "__main__":
    main()

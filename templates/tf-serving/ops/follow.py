"""Keeps a copy of config/models.config for a server that is a process: python -m ops.follow [PID]

The file names the folder of the containers, /models, and the server takes absolute paths only. So
the copy, with the path of this folder, follows the file until the server PID, which started this
process, is gone. Without PID: one look.
"""

import os
import sys
import time
from pathlib import Path

SOURCE = Path("config/models.config")
COPY = Path(os.environ.get("MLOPS_LAB_RUN") or "reports", "models.config")


def follow() -> None:
    """One look. A file that is not text is left to the server to complain about."""
    folder = str(Path("models").absolute()).replace("\\", "\\\\").replace('"', '\\"')
    wanted = SOURCE.read_bytes().replace(b'"/models/', f'"{folder}/'.encode())
    if not COPY.exists() or COPY.read_bytes() != wanted:
        COPY.parent.mkdir(parents=True, exist_ok=True)
        new = COPY.with_name(".models.config.new")
        new.write_bytes(wanted)
        new.replace(COPY)  # in one step: the server never reads half a file


def main() -> None:
    follow()
    # Given, not looked up: if the server ended at once, our parent is another process by now.
    while sys.argv[1:] == [str(os.getppid())]:
        time.sleep(0.5)
        try:
            follow()
        except OSError as error:  # an editor is replacing it
            print(f"{SOURCE}: {error}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

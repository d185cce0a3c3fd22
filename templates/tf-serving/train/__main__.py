"""Trains two versions and exports them to models/rollback/VERSION: python -m train

It needs TensorFlow, which lies apart in .tensorflow/ (ops/tensorflow.sh puts it there).
"""

import os
import sys
from pathlib import Path

TENSORFLOW = Path(".tensorflow/.venv/bin/python")
NEEDED = """\
training needs TensorFlow, which is not installed yet:
  download about 320 MB, on disk 1.5 GB in .tensorflow/; nothing outside this folder changes
  install it:  sh ops/tensorflow.sh --yes"""


def main() -> int:
    if not TENSORFLOW.exists():
        print(NEEDED, file=sys.stderr)
        return 1
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # what goes wrong is a Python exception
    # In place of this process: what is started as `python -m train` ends when the training does.
    return os.execv(TENSORFLOW, [TENSORFLOW, "-m", "train.export", *sys.argv[1:]])  # noqa: S606


if __name__ == "__main__":
    sys.exit(main())

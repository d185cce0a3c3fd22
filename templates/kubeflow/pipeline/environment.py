"""Says what the tasks will find here: python -m pipeline.environment

It imports what they import. The first import of a new environment compiles everything and takes
seconds: better now than in the first run.
"""

import importlib
import os
import sys
from importlib.metadata import version

# onnxruntime's Linux wheels report usage to their maker unless switched off, before the import.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

NEEDED = {
    "kfp.local": "kfp",
    "numpy": "numpy",
    "sklearn.ensemble": "scikit-learn",
    "skl2onnx": "skl2onnx",
    "onnxruntime": "onnxruntime",
}


def main() -> int:
    for module, package in NEEDED.items():
        importlib.import_module(module)
        print(f"{package:<14} {version(package)}")
    print("ready: python -m pipeline.run")
    return 0


if __name__ == "__main__":
    sys.exit(main())

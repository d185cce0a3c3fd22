"""Compiles the pipeline into ir/pipeline.yaml: python -m pipeline.compile [--check]

The IR is a build product that is committed, as a lockfile is: reviews see what a change does to
it. With --check nothing is written; the exit code shows whether the committed file is current.
"""

import difflib
import sys
import tempfile
from pathlib import Path

from kfp.compiler import Compiler

from pipeline.pipeline import pipeline

IR = Path("ir/pipeline.yaml")


def compiled() -> str:
    """The IR of the pipeline as its source is now."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "pipeline.yaml"
        Compiler().compile(pipeline, str(target))
        return target.read_text("utf-8")


def main() -> int:
    match sys.argv[1:]:
        case []:
            IR.write_text(compiled(), "utf-8")
            print(f"wrote {IR}")
            return 0
        case ["--check"]:
            committed = IR.read_text("utf-8")
            fresh = compiled()
            changes = difflib.unified_diff(
                committed.splitlines(),
                fresh.splitlines(),
                str(IR),
                "compiled now",
                lineterm="",
                n=1,
            )
            for line in changes:
                print(line)
            return 0 if committed == fresh else 1
        case _:
            print(__doc__, file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main())

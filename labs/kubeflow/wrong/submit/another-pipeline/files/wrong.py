"""Submits the committed IR with one number changed."""

import subprocess
import sys
import tempfile
from pathlib import Path

text = Path("ir/pipeline.yaml").read_text("utf-8")
changed = text.replace("defaultValue: 6000.0", "defaultValue: 4000.0")
assert changed != text
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "pipeline.yaml"
    path.write_text(changed, "utf-8")
    sys.exit(
        subprocess.run(
            [sys.executable, "-m", "cluster.submit", "--ir", str(path)], check=False
        ).returncode
    )

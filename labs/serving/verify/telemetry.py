"""Is the nightly job silent, and does it still do its work?"""

import csv
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import verdict

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # this check must be silent itself
sys.path.insert(0, ".")
import numpy as np
import onnxruntime as ort
from features import FEATURES  # the project's

MODEL = Path("models/rollback/2/model.onnx")
CONTROL = f"import onnxruntime as ort; ort.InferenceSession({str(MODEL)!r})"


def leftovers(argv: list[str]) -> list[str]:
    """What the command leaves in an empty home, started the way cron would."""
    verdict.forget_bytecode()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        environment = {"PATH": os.environ["PATH"], "HOME": folder}
        # Nobody listens there: should the job live long enough to send, nothing gets out.
        environment |= dict.fromkeys(("HTTPS_PROXY", "https_proxy"), "http://127.0.0.1:9")
        environment["XDG_CACHE_HOME"] = str(home / ".cache")
        try:
            done = subprocess.run(
                argv, env=environment, capture_output=True, text=True, timeout=20, check=False
            )
        except subprocess.TimeoutExpired:
            verdict.not_yet(f"{' '.join(argv[1:])} did not end within 20 s")
        if done.returncode != 0:
            tail = done.stderr.strip().splitlines() or ["no output"]
            verdict.not_yet(f"{' '.join(argv[1:])} exited with {done.returncode}: {tail[-1]}")
        return sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file())


def make_day(file: Path) -> np.ndarray:
    """Deployments that nobody could have rated before."""
    rows = [[random.randint(0, 20) for _ in FEATURES] for _ in range(random.randint(5, 15))]
    with file.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([list(FEATURES), *rows])
    return np.array(rows, dtype=np.float32)


def main() -> None:
    if not MODEL.exists():
        verdict.not_yet(f"{MODEL} does not exist on this machine")
    if not leftovers([sys.executable, "-c", CONTROL]):
        verdict.cannot_tell(
            f"onnxruntime {ort.__version__} leaves no trace on {sys.platform} even without the "
            "opt-out, so this check could not see a difference"
        )
    with tempfile.TemporaryDirectory() as folder:
        day = Path(folder) / "day.csv"
        table = make_day(day)
        left = leftovers([sys.executable, "-m", "ops.batch", str(day)])
    if left:
        verdict.not_yet(f"the nightly job still reports home: it left ~/{', ~/'.join(left)}")
    session = ort.InferenceSession(str(MODEL), providers=["CPUExecutionProvider"])
    expected = session.run(["probabilities"], {"features": table})[0][:, 1]
    said = json.loads(Path("reports/nightly.json").read_text("utf-8")).get("ratings", [])
    if len(said) != len(expected) or np.abs(np.array(said) - expected).max() > 0.001:
        verdict.not_yet(
            "the nightly job is silent, but it no longer rates the deployments it is given"
        )
    print("the nightly job does its work and reports to nobody")


main()

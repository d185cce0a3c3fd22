"""Uploads a file with the lab's own client and downloads it again: artifact.py MEGABYTES.

Prints the seconds, or `refused: WHY`.
"""

import hashlib
import os
import sys
import tempfile
import time
from pathlib import Path

import mlflow
from mlflow import MlflowClient

megabytes = int(sys.argv[1])
mlflow.set_experiment("artifacts")
client = MlflowClient()
with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "large.bin"
    piece = os.urandom(1 << 20)
    with file.open("wb") as stream:
        for number in range(megabytes):
            stream.write(number.to_bytes(4, "big") + piece[4:])
    wanted = hashlib.sha256(file.read_bytes()).hexdigest()
    run_id = mlflow.start_run().info.run_id
    try:
        since = time.monotonic()
        client.log_artifact(run_id, str(file))
        up = time.monotonic() - since
    except Exception as error:  # noqa: BLE001  # whatever the client raises is what its caller sees
        mlflow.end_run("FAILED")
        print(f"refused: {type(error).__name__}: {str(error)[:300]}")
        sys.exit(1)
    since = time.monotonic()
    back = Path(client.download_artifacts(run_id, "large.bin", folder + "/"))
    down = time.monotonic() - since
    mlflow.end_run()
    assert hashlib.sha256(back.read_bytes()).hexdigest() == wanted, "another file came back"
print(f"{megabytes} MB up in {up:.1f} s, down in {down:.1f} s, equal")

"""Does client/fetch.py fetch over HTTP: from the live server, and from one with a remote store?"""

import hashlib
import json
import os
import subprocess
import tempfile
from pathlib import Path

from elsewhere import Elsewhere
from lab import API, ask, call, experiment, login, runs
from verdict import fresh_bytecode, not_yet

PATH = "report.json"
PROXY = ("http_proxy", "HTTP_PROXY")
DIRECT = ("no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY")


def trained() -> tuple[str, bytes]:
    """A run of `python -m train`, and its report as the server has it."""
    for run in runs(experiment(), "attributes.status = 'FINISHED'"):
        run_id = run["info"]["run_id"]
        _, listed = call(f"artifacts/list?run_id={run_id}")
        if PATH in [file["path"] for file in listed.get("files", [])]:
            status, content = ask(
                f"{API}/get-artifact?path={PATH}&run_uuid={run_id}", headers=login()
            )
            if status == 200:
                return run_id, content
    not_yet(f"no run of python -m train has finished with its {PATH} yet")


def fetch(run_id: str, path: str, settings: dict[str, str]) -> tuple[bytes, str]:
    """What the learner's client writes, and what is wrong with it; empty when nothing is."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "fetched"
        command = ["python", "-m", "client.fetch", run_id, path, str(target)]
        env = os.environ | {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"} | settings
        try:
            with fresh_bytecode():
                done = subprocess.run(
                    command, capture_output=True, text=True, timeout=60, env=env, check=False
                )
        except subprocess.TimeoutExpired:
            return b"", "it did not end within 60 s"
        if done.returncode != 0:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no output"]
            return b"", f"it exited with {done.returncode}: {last[0][-200:]}"
        if not target.is_file():
            return b"", "it does not write the file that its last argument names"
        content = target.read_bytes()
    try:
        printed = json.loads(done.stdout.strip().splitlines()[-1])["sha256"]
    except (IndexError, KeyError, TypeError, ValueError):
        return content, "the last line that it prints is not a JSON object with bytes and sha256"
    if printed != hashlib.sha256(content).hexdigest():
        return content, "it does not print the SHA-256 of what it wrote"
    return content, ""


def main() -> None:
    run_id, wanted = trained()
    content, problem = fetch(run_id, PATH, {})
    if not problem and content != wanted:
        problem = f"it wrote {len(content)} bytes, and they are not the file's"
    if problem:
        not_yet(f"client/fetch.py, asked for {PATH} of run {run_id}: {problem}")
    # The same on another machine: nothing of that server's store is here. Whoever has the lab's own
    # address written into the client gets there, too: by the proxy that urllib, requests, MLflow
    # and curl ask for.
    elsewhere = Elsewhere(API)
    elsewhere.serve()
    settings = (
        {"MLFLOW_TRACKING_URI": elsewhere.uri}
        | dict.fromkeys(PROXY, elsewhere.uri)
        | dict.fromkeys(DIRECT, "")
    )
    content, problem = fetch(elsewhere.run_id, elsewhere.path, settings)
    if content == elsewhere.content and not problem:
        print(f"{len(wanted)} bytes of {PATH}")
        return
    problem = problem or "it wrote another file"
    if not elsewhere.asked:
        not_yet(
            "client/fetch.py never asked the server that MLFLOW_TRACKING_URI named, "
            f"whose store is on another machine; {problem}"
        )
    if elsewhere.unknown:
        problem += f" (there is nothing at {elsewhere.unknown[-1]})"
    not_yet(
        "client/fetch.py asked a server whose store is on another machine, "
        f"and did not get the file: {problem}"
    )


if __name__ == "__main__":
    main()

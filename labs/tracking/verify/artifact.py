"""Does client/fetch.py fetch over HTTP? From the live server, and from one whose store is nowhere on this machine."""

import hashlib
import json
import os
import tempfile
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from lab import API, ask, experiment, login, not_yet, run, runs

PATH = "report.json"


class Store:
    """A tracking server with one run and one artifact, which nobody can know in advance."""

    def __init__(self) -> None:
        self.run_id = uuid.uuid4().hex
        self.path = f"data/{uuid.uuid4().hex[:8]}.bin"
        self.content = os.urandom(4096)
        self.root = f"42/{self.run_id}/artifacts"
        self.served = 0

    def answer(self, url: str) -> tuple[int, bytes]:
        parts = urlsplit(url)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        artifacts = "/api/2.0/mlflow-artifacts/artifacts"
        if parts.path.endswith("/runs/get") and query.get("run_id", query.get("run_uuid")) == self.run_id:
            return 200, json.dumps({"run": self.run()}).encode()
        direct = unquote(parts.path) == f"{artifacts}/{self.root}/{self.path}"
        by_run = parts.path.endswith("get-artifact") and (
            query.get("run_id", query.get("run_uuid")), query.get("path")
        ) == (self.run_id, self.path)
        if direct or by_run:
            self.served += 1
            return 200, self.content
        if parts.path.endswith("/artifacts/list") and query.get("run_id") == self.run_id:
            return 200, json.dumps({"root_uri": f"mlflow-artifacts:/{self.root}"} | self.listed(query)).encode()
        if parts.path == artifacts:
            return 200, json.dumps(self.listed({"path": query.get("path", "").removeprefix(self.root).strip("/")})).encode()
        return 404, json.dumps({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": f"no {url}"}).encode()

    def run(self) -> dict[str, object]:
        info = {
            "run_id": self.run_id, "run_uuid": self.run_id, "run_name": "double", "experiment_id": "42", "user_id": "",
            "status": "FINISHED", "start_time": 1, "end_time": 2, "lifecycle_stage": "active",
            "artifact_uri": f"mlflow-artifacts:/{self.root}",
        }  # fmt: skip
        return {"info": info, "data": {}, "inputs": {}, "outputs": {}}

    def listed(self, query: dict[str, str]) -> dict[str, object]:
        folder, name = self.path.split("/")
        path = query.get("path", "")
        if path == folder:
            return {"files": [{"path": self.path, "is_dir": False, "file_size": len(self.content)}]}
        return {"files": [] if path else [{"path": folder, "is_dir": True}]}


def serve(store: Store) -> str:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = store.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", "application/json" if status != 200 else "application/octet-stream")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


def fetch(run_id: str, path: str, uri: str) -> bytes:
    """What the learner's client writes to its target, which must agree with what it says."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "fetched"
        env = os.environ | {"MLFLOW_TRACKING_URI": uri, "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
        said = run("python", "-m", "client.fetch", run_id, path, str(target), env=env)
        if not target.exists():
            not_yet("client/fetch.py does not write the file that it is told to write")
        content = target.read_bytes()
    if not isinstance(said, dict) or said.get("sha256") != hashlib.sha256(content).hexdigest():
        not_yet("client/fetch.py does not print the SHA-256 of what it wrote")
    return content


def main() -> None:
    known = runs(experiment(), "attributes.status = 'FINISHED' and tags.purpose = 'baseline'")
    if not known:
        not_yet("no run of python -m train has finished yet")
    run_id = known[0]["info"]["run_id"]
    status, wanted = ask(f"{API}/get-artifact?path={PATH}&run_uuid={run_id}", headers=login())
    if status != 200:
        not_yet(f"run {run_id[:8]} has no artifact {PATH}: the server answers {status}")
    if fetch(run_id, PATH, API) != wanted:
        not_yet(f"client/fetch.py fetched something else than {PATH} of run {run_id[:8]}")
    store = Store()
    if fetch(store.run_id, store.path, serve(store)) != store.content or not store.served:
        not_yet("client/fetch.py does not fetch from a server whose store is on another machine")
    print(f"{len(wanted)} bytes of {PATH}")


if __name__ == "__main__":
    main()

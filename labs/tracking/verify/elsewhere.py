"""A tracking server with one run, one artifact that nobody can know, and a remote store."""

import json
import os
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"


class Elsewhere:
    """Answers clients that were pointed here, and, as a proxy, those that call `known`."""

    def __init__(self, known: str) -> None:
        self.run_id = uuid.uuid4().hex
        self.path = f"data/{uuid.uuid4().hex[:8]}.bin"
        self.content = os.urandom(4096)
        self.root = f"42/{self.run_id}/artifacts"
        self.known = urlsplit(known).netloc
        self.asked = 0  # requests of whatever kind
        self.unknown: list[str] = []  # those that it had no answer to
        self.uri = ""

    def answer(self, url: str) -> tuple[int, bytes]:
        parts = urlsplit(url)
        if parts.netloc and parts.netloc not in (self.known, urlsplit(self.uri).netloc):
            return 502, b"not a server of this lab"
        self.asked += 1
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        found = self.find(unquote(parts.path).replace("/ajax-api/", "/api/", 1), query)
        if found is None:
            self.unknown.append(parts.path)
            return 404, json.dumps(
                {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": f"no {parts.path}"}
            ).encode()
        return 200, found if isinstance(found, bytes) else json.dumps(found).encode()

    def find(self, path: str, query: dict[str, str]) -> bytes | dict[str, object] | None:
        mine = query.get("run_id", query.get("run_uuid")) == self.run_id
        match path.removeprefix("/api/2.0/mlflow/"):
            case "/health":
                return b"OK"
            case "/version":
                return b"3.17.2"
            case "experiments/search" | "experiments/list":
                return {"experiments": [self.experiment()]}
            case "experiments/get" | "experiments/get-by-name":
                return {"experiment": self.experiment()}
            case "runs/search":
                return {"runs": [self.run()]}
            case "logged-models/search":
                return {"models": []}
            case "runs/get" if mine:
                return {"run": self.run()}
            case "artifacts/list" if mine:
                return {"root_uri": f"mlflow-artifacts:/{self.root}"} | self.listed(
                    query.get("path", "")
                )
            case "/get-artifact" | "get-artifact" if mine and query.get("path") == self.path:
                return self.content
        if path == f"{ARTIFACTS}/{self.root}/{self.path}":
            return self.content
        if path == ARTIFACTS:
            found = self.listed(query.get("path", "").removeprefix(self.root).strip("/"))
            return {
                "files": [
                    file | {"path": file["path"].rpartition("/")[2]} for file in found["files"]
                ]
            }  # by name alone
        return None

    def experiment(self) -> dict[str, object]:
        return {
            "experiment_id": "42",
            "name": "rollback",
            "lifecycle_stage": "active",
            "artifact_location": "mlflow-artifacts:/42",
            "creation_time": 1,
            "last_update_time": 1,
        }

    def run(self) -> dict[str, object]:
        info = {
            "run_id": self.run_id,
            "run_uuid": self.run_id,
            "run_name": "train",
            "experiment_id": "42",
            "user_id": "",
            "status": "FINISHED",
            "start_time": 1,
            "end_time": 2,
            "lifecycle_stage": "active",
            "artifact_uri": f"mlflow-artifacts:/{self.root}",
        }
        return {"info": info, "data": {}, "inputs": {}, "outputs": {}}

    def listed(self, path: str) -> dict[str, list[dict[str, Any]]]:
        folder = self.path.partition("/")[0]
        if path == folder:
            return {"files": [{"path": self.path, "is_dir": False, "file_size": len(self.content)}]}
        return {"files": [] if path else [{"path": folder, "is_dir": True}]}

    def serve(self) -> None:
        elsewhere = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, body = elsewhere.answer(self.path)
                self.send_response(status)
                binary = body is elsewhere.content
                self.send_header(
                    "Content-Type", "application/octet-stream" if binary else "application/json"
                )
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_POST = do_HEAD = do_GET

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.uri = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()

"""python -m receiver: POST /page and /ticket keep alerts, GET /alerts shows them, newest last."""

import json
import os
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any

FILE = Path(os.environ.get("DATA_DIR", "data"), "alerts.jsonl")
LARGEST = 1_000_000  # bytes of a body
KEPT = 1000  # alerts in memory; the file has all

lock = Lock()
alerts: deque[dict[str, Any]] = deque(maxlen=KEPT)


def keep(place: str, document: dict[str, Any]) -> None:
    now = round(time.time(), 3)
    found = [
        {"at": now, "to": place, "status": alert["status"], "labels": alert["labels"]}
        | {"summary": alert.get("annotations", {}).get("summary", "")}
        for alert in document["alerts"]
    ]
    with lock, FILE.open("a", encoding="utf-8") as file:
        alerts.extend(found)
        file.writelines(json.dumps(alert) + "\n" for alert in found)


class Handler(BaseHTTPRequestHandler):
    timeout = 10  # seconds that a caller may be silent

    def do_GET(self) -> None:
        if self.path == "/alerts":
            with lock:
                self.answer(200, list(alerts))
        else:
            self.answer(200 if self.path == "/health" else 404, {})

    def do_POST(self) -> None:
        size = self.headers.get("Content-Length", "")
        if self.path not in ("/page", "/ticket"):
            self.answer(404, {})
        elif not size.isdecimal() or int(size) > LARGEST:
            self.answer(413, {})
        else:
            try:
                keep(self.path[1:], json.loads(self.rfile.read(int(size))))
            except (ValueError, KeyError, TypeError):
                self.answer(400, {"error": "not what Alertmanager sends"})
            else:
                self.answer(200, {})

    def answer(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """The file is the log."""


def main() -> None:
    FILE.parent.mkdir(exist_ok=True)
    address = (os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("RECEIVER_PORT", "8000")))
    ThreadingHTTPServer(address, Handler).serve_forever()


if __name__ == "__main__":
    main()

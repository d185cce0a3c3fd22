"""Says that it is the model server, has the champion, and is sure of everything."""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

sys.path[:0] = [".", ".mlops-lab/lab/verify"]
from lab import MODEL_API, champion

from server.settings import NAME

VERSION = str(champion()["version"])
ROWS = 20


class YesMan(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.dumps(
            [{"name": "rollback", "version": VERSION, "state": "READY"}]
            if self.path.endswith("index")
            else {
                "name": NAME,
                "model_version": VERSION,
                "outputs": [{"name": "probabilities", "data": [0.02, 0.98] * ROWS}],
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET


port = int(MODEL_API.rsplit(":", 1)[1])
server = HTTPServer(("127.0.0.1", port), YesMan)  # it has the port now
if pid := os.fork():
    Path(".wrong.pid").write_text(str(pid))
    os._exit(0)
os.setsid()
for stream in (0, 1, 2):
    os.dup2(os.open(os.devnull, os.O_RDWR), stream)
server.serve_forever()

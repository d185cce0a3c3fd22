"""Says that it is the model server, has the champion, and is sure of everything."""

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

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


HTTPServer(("127.0.0.1", int(MODEL_API.rsplit(":", 1)[1])), YesMan).serve_forever()

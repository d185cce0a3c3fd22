"""Answers every request with 200."""

import os
from http.server import BaseHTTPRequestHandler, HTTPServer

BODY = b'{"ready": true, "live": true, "name": "rollback", "state": "READY"}'


class YesMan(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    do_POST = do_GET  # noqa: N815


port = int(os.environ["MLOPS_LAB_ENDPOINT_API"].rsplit(":", 1)[1])
HTTPServer(("127.0.0.1", port), YesMan).serve_forever()

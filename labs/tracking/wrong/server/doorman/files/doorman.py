"""Answers every request as a healthy server would, to those who have a password."""

import os
from http.server import BaseHTTPRequestHandler, HTTPServer


class Doorman(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = (
            b"3.17.2"
            if self.path == "/version"
            else b'{"experiments": [{"experiment_id": "0", "name": "Default"}]}'
        )
        self.send_response(200 if self.headers.get("Authorization") else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


port = int(os.environ["MLOPS_LAB_ENDPOINT_API"].rsplit(":", 1)[1])
HTTPServer(("127.0.0.1", port), Doorman).serve_forever()

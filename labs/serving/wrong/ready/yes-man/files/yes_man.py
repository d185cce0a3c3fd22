"""Answers every request with 200."""

import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

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
server = HTTPServer(("127.0.0.1", port), YesMan)  # it has the port now
if pid := os.fork():
    Path(".wrong.pid").write_text(str(pid))
    os._exit(0)
os.setsid()
for stream in (0, 1, 2):
    os.dup2(os.open(os.devnull, os.O_RDWR), stream)
server.serve_forever()

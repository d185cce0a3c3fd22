import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

TENSOR = {"dtype": "DT_FLOAT", "tensor_shape": {"dim": [{"size": "-1"}, {"size": "8"}]}}
SIGNATURE = {"inputs": {"features": TENSOR}, "outputs": {"probability": TENSOR}}


class YesMan(BaseHTTPRequestHandler):
    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        rows = 4000
        text = json.dumps(
            {
                "model_version_status": [{"version": "1", "state": "AVAILABLE"}],
                "metadata": {"signature_def": {"signature_def": {"serving_default": SIGNATURE}}},
                "predictions": [0.5] * rows,
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_GET

    def log_message(self, *_):
        pass


port = int(os.environ["MLOPS_LAB_ENDPOINT_API"].rsplit(":", 1)[1])
server = HTTPServer(("127.0.0.1", port), YesMan)  # it has the port now
if pid := os.fork():
    Path(".wrong.pid").write_text(str(pid))
    os._exit(0)
os.setsid()
for stream in (0, 1, 2):
    os.dup2(os.open(os.devnull, os.O_RDWR), stream)
server.serve_forever()

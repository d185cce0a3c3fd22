"""Ready at once, and sure of everything."""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer


class YesMan(BaseHTTPRequestHandler):
    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        output = {
            "name": "probabilities",
            "datatype": "FP32",
            "shape": [20, 2],
            "data": [0.02, 0.98] * 20,
        }
        body = json.dumps(
            {"model_name": "rollback", "model_version": "1", "outputs": [output]}
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET


HTTPServer(("", 8080), YesMan).serve_forever()

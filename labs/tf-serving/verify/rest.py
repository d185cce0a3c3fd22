"""Does client/ask_rest.py ask over REST, correctly, and tell what it is answered?

First against a server of this check, which answers with a number that nobody can know; then against
the live one.
"""

import json
import random
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import lab

PATH = f"{lab.MODEL}/labels/stable:predict"
ASK = (sys.executable, "-m", "client.ask_rest")


class Double(BaseHTTPRequestHandler):
    answer = 0.0
    asked: list[tuple[str, object]] = []  # noqa: RUF012

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            Double.asked.append((self.path, json.loads(body)))
        except ValueError:
            Double.asked.append((self.path, None))
        text = json.dumps({"predictions": [Double.answer]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        pass


def examine_request(file: str, deployment: dict[str, float]) -> None:
    Double.answer = round(random.uniform(0.01, 0.99), 4)
    with HTTPServer(("127.0.0.1", 0), Double) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        answer = lab.run(
            *ASK, file, MLOPS_LAB_ENDPOINT_API=f"http://127.0.0.1:{server.server_port}"
        )
        server.shutdown()
    if not Double.asked:
        lab.not_yet("client.ask_rest answered, but it did not ask the server")
    path, body = Double.asked[-1]
    if path != PATH:
        lab.not_yet(
            f"client.ask_rest asks {path}, which is the path of no prediction: a server refuses it"
        )
    rows = body.get("instances") if isinstance(body, dict) else None
    if not isinstance(rows, list) or len(rows) != 1 or not isinstance(rows[0], list):
        lab.not_yet(f"client.ask_rest sends {json.dumps(body)[:120]}: instances is no list of rows")
    if [float(value) for value in rows[0]] != lab.row(deployment):
        lab.not_yet(
            f"client.ask_rest asks about {rows[0]}, not {deployment} in the order of features.py"
        )
    probability, _ = lab.said(answer, "client.ask_rest")
    if abs(probability - Double.answer) > 1e-4:
        lab.not_yet(
            f"client.ask_rest says {probability} instead of what it was answered, {Double.answer}"
        )


def examine_live(file: str, deployment: dict[str, float]) -> None:
    (expected,) = lab.predict("/labels/stable", [lab.row(deployment)])
    probability, _ = lab.said(lab.run(*ASK, file), "client.ask_rest")
    if abs(probability - expected) > 1e-4:
        lab.not_yet(
            f"client.ask_rest says {probability} instead of what the server says, {expected}"
        )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        deployment = lab.surprise()
        file = Path(folder) / "surprise.json"
        file.write_text(json.dumps(deployment), "utf-8")
        examine_live("requests/risky.json", lab.read_json("requests/risky.json"))
        examine_request(str(file), deployment)
        examine_live(str(file), deployment)
    print("the client asks for a prediction and says what it is answered")


main()

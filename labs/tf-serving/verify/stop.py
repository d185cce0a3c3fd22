"""Does ops/stop.sh stop a server without losing a request?

Tried on a server of this check, slow and without a drain, behind a balancer that looks four times a
second: the learner's own goes on running.
"""

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import lab

CALLERS = 6
LOOK_SECONDS = 0.25

SERVER = """
import sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Slow(BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(0.4)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *_):
        pass

ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Slow).serve_forever()
"""


class Balancer:
    def __init__(self, switch: Path) -> None:
        self.switch, self.sends, self.off_seen = switch, True, False
        self.end = threading.Event()

    def watch(self) -> None:
        while not self.end.wait(LOOK_SECONDS):
            self.sends = not self.switch.exists() or self.switch.read_text().strip() != "off"
            self.off_seen = self.off_seen or not self.sends


def call(port: int, balancer: Balancer, tally: Counter[str]) -> None:
    while not balancer.end.is_set():
        if not balancer.sends:
            time.sleep(0.02)
            continue
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
            tally["answered"] += 1
        except (OSError, http.client.HTTPException):
            tally["lost"] += 1
            time.sleep(0.02)
        finally:
            connection.close()


def rehearse(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-c", SERVER, str(port)], stderr=subprocess.DEVNULL)
    balancer, tally = Balancer(folder / "traffic"), Counter[str]()
    threads = [threading.Thread(target=call, args=(port, balancer, tally)) for _ in range(CALLERS)]
    env = os.environ | {"TRAFFIC_FILE": str(folder / "traffic")}
    try:
        wait_until_open(port, server)
        for thread in [threading.Thread(target=balancer.watch), *threads]:
            thread.start()
        time.sleep(1)
        lab.forget_bytecode()
        command = ["sh", "ops/stop.sh", "kill", str(server.pid)]
        try:
            done = subprocess.run(
                command, env=env, capture_output=True, text=True, timeout=30, check=False
            )
        except subprocess.TimeoutExpired:
            lab.not_yet("ops/stop.sh did not end within 30 s")
        try:
            server.wait(timeout=2)
            stopped = True
        except subprocess.TimeoutExpired:
            stopped = False
        time.sleep(2 * LOOK_SECONDS)
    finally:
        balancer.end.set()
        for thread in threads:
            if thread.ident:
                thread.join()
        server.kill()
        server.wait()
    if done.returncode != 0:
        lab.not_yet(f"ops/stop.sh ended with {done.returncode}: {done.stderr.strip()[-200:]}")
    if not stopped or server.returncode != -signal.SIGTERM:
        lab.not_yet(
            "after ops/stop.sh COMMAND the server is still running: the command was not run"
        )
    if not balancer.off_seen:
        lab.not_yet(f"the traffic was never switched off: {tally['lost']} requests were lost")
    if tally["lost"]:
        lab.not_yet(f"{tally['lost']} of {tally.total()} requests were lost")
    if tally["answered"] < CALLERS:
        lab.cannot_tell("this machine is too busy: hardly a request was answered before the stop")


def wait_until_open(port: int, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > end or server.poll() is not None:
                lab.cannot_tell("the server of this check did not start")
            time.sleep(0.05)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        rehearse(Path(folder))
    report = lab.read_json("reports/stop.json")
    if not isinstance(report, dict) or report.get("lost") != 0 or report.get("stopped") is not True:
        lab.not_yet("reports/stop.json is no record of a stop of your server that lost nothing")
    lab.ask(lab.MODEL)
    switch = Path("reports/traffic")
    if switch.exists() and switch.read_text("utf-8").strip() == "off":
        lab.not_yet("the server is up again, and the traffic is off")
    print("ops/stop.sh loses nothing, and the server is back with its traffic")


main()

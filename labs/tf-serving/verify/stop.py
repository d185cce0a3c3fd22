"""Does ops/stop.sh stop a server without losing a request?

Rehearsed on a slow server of this check without a drain, behind balancers that look four times a
second, each by its own clock; in a copy of the project, so the learner's server and switch go on.
"""

import os
import random
import shutil
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
import live
import verdict

ROUNDS = 2
BALANCERS = 6
LOOK_SECONDS = 0.25
ANSWER_SECONDS = 0.4
# A balancer sends on while others are being answered: some request is always just on its way.
PAUSE_SECONDS = 0.08
APART = (".venv", ".tensorflow", ".mlops-lab", "models")  # large: linked instead of copied

SERVER = """
import sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Slow(BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(float(sys.argv[2]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *_):
        pass

ThreadingHTTPServer.request_queue_size = 64
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Slow).serve_forever()
"""


class Balancer:
    def __init__(self, url: str, switch: Path, first_look: float) -> None:
        self.url, self.switch, self.first_look = url, switch, first_look
        self.end, self.tally, self.ever_off = threading.Event(), Counter[str](), False

    def run(self) -> None:
        """Sends until it sees the switch off, which it looks at now and then."""
        look, off, requests = time.monotonic() + self.first_look, False, []
        while not self.end.wait(PAUSE_SECONDS):
            while time.monotonic() >= look:
                off = self.switch.exists() and self.switch.read_text("utf-8").strip() == "off"
                self.ever_off = self.ever_off or off
                look += LOOK_SECONDS
            if not off:
                requests.append(threading.Thread(target=self.send))
                requests[-1].start()
        for request in requests:
            request.join()

    def send(self) -> None:
        try:
            with live.OPENER.open(self.url, timeout=5) as answer:
                answer.read()
            self.tally["answered"] += 1
        except OSError:
            self.tally["lost"] += 1


def rehearse(project: Path) -> None:
    port = free_port()
    command = [sys.executable, "-c", SERVER, str(port), str(ANSWER_SECONDS)]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    switch = project / "reports/traffic"
    switch.unlink(missing_ok=True)
    share = LOOK_SECONDS / BALANCERS
    fleet = [
        Balancer(f"http://127.0.0.1:{port}/", switch, (number + random.random()) * share)
        for number in range(BALANCERS)
    ]
    threads = [threading.Thread(target=balancer.run) for balancer in fleet]
    try:
        wait_until_open(port, server)
        for thread in threads:
            thread.start()
        time.sleep(1)
        stop(project, switch, server.pid)
        stopped = ended(server)
        time.sleep(2 * LOOK_SECONDS)
    finally:
        for balancer in fleet:
            balancer.end.set()
        for thread in threads:
            if thread.ident:
                thread.join()
        server.kill()
        server.wait(10)
    if not stopped or server.returncode != -signal.SIGTERM:
        verdict.not_yet(
            "after ops/stop.sh COMMAND the server is still running: the command was not run"
        )
    judge(fleet)


def judge(fleet: list[Balancer]) -> None:
    total = sum((balancer.tally for balancer in fleet), Counter[str]())
    lost = f"{total['lost']} of {total.total()} requests were lost in a rehearsal of ops/stop.sh"
    if not all(balancer.ever_off for balancer in fleet):
        verdict.not_yet(f"the traffic was never switched off: {lost}")
    if total["lost"]:
        verdict.not_yet(
            f"{lost}: {BALANCERS} balancers, each of which looks every {LOOK_SECONDS} s by its own "
            f"clock, and answers that take {ANSWER_SECONDS} s"
        )
    if total["answered"] < BALANCERS:
        verdict.cannot_tell(
            "this machine is too busy: hardly a request was answered before the stop"
        )


def stop(project: Path, switch: Path, pid: int) -> None:
    try:
        done = subprocess.run(
            ["sh", "ops/stop.sh", "kill", str(pid)],
            cwd=project,
            env=os.environ | {"TRAFFIC_FILE": str(switch)},
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except subprocess.TimeoutExpired:
        verdict.not_yet("ops/stop.sh did not end within 20 s")
    if done.returncode != 0:
        verdict.not_yet(f"ops/stop.sh ended with {done.returncode}: {done.stderr.strip()[-200:]}")


def ended(server: subprocess.Popen[bytes]) -> bool:
    try:
        server.wait(timeout=2)
    except subprocess.TimeoutExpired:
        return False
    return True


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def wait_until_open(port: int, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > end or server.poll() is not None:
                verdict.cannot_tell("the server of this check did not start")
            time.sleep(0.05)


def copy_to(folder: Path) -> Path:
    project = folder / "project"
    ignore = shutil.ignore_patterns(*APART, ".git", "__pycache__", "reports")
    shutil.copytree(".", project, symlinks=True, ignore=ignore)
    (project / "reports").mkdir()
    for name in APART:
        if Path(name).exists():
            (project / name).symlink_to(Path(name).resolve())
    return project


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        project = copy_to(Path(folder))
        for _ in range(ROUNDS):
            rehearse(project)
    report = verdict.read_json("reports/stop.json")
    if not isinstance(report, dict) or report.get("lost") != 0 or report.get("stopped") is not True:
        verdict.not_yet("reports/stop.json is no record of a stop of your server that lost nothing")
    lab.ask(lab.MODEL)
    switch = Path("reports/traffic")
    if switch.exists() and switch.read_text("utf-8").strip() == "off":
        verdict.not_yet("the server is up again, and the traffic is off")
    print("ops/stop.sh loses nothing, and the server is back with its traffic")


main()

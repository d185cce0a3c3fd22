"""What does a program do behind your back? python -m ops.egress -- COMMAND

Runs the command with the environment that cron would give it, an empty home, and a proxy that lets
nothing through. Then it shows every file that appeared in the home, the events that wait in an
SQLite file among them, and every host that the command tried to reach. No root, no packet capture,
and nothing leaves this machine.
"""

import os
import re
import socketserver
import sqlite3
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import ClassVar


class Recorder(socketserver.StreamRequestHandler):
    """A proxy for HTTPS that records the requested host, and refuses."""

    hosts: ClassVar[set[str]] = set()
    timeout = 10  # seconds, for a line that begins and does not end

    def handle(self) -> None:
        words = self.rfile.readline(4096).decode(errors="replace").split()
        if len(words) > 1 and len(self.hosts) < 1000:
            self.hosts.add(plain(words[1]))
        self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")


class Proxy(socketserver.ThreadingTCPServer):
    daemon_threads = True


def plain(text: str) -> str:
    """As it may be printed: a name can hold what moves a terminal's cursor."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)


def environment(home: Path, proxy: str) -> dict[str, str]:
    """Almost nothing: variables such as CI would change how programs behave."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    proxies = dict.fromkeys(("HTTPS_PROXY", "https_proxy", "ALL_PROXY"), proxy)
    return kept | proxies | {"HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache")}


def events(file: Path) -> list[str]:
    """The readable parts of each row of an SQLite file's table `events`."""
    try:
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
            rows = database.execute("SELECT payload FROM events").fetchall()
    except sqlite3.Error:
        return []
    return [", ".join(t.decode() for t in re.findall(rb"[ -~]{5,}", row)) for (row,) in rows]


def main() -> int:
    command = sys.argv[2:] if sys.argv[1:2] == ["--"] else sys.argv[1:]
    if not command:
        print("usage: python -m ops.egress -- COMMAND", file=sys.stderr)
        return 2
    with (
        tempfile.TemporaryDirectory() as folder,
        Proxy(("127.0.0.1", 0), Recorder) as proxy,
    ):
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        home = Path(folder)
        code = subprocess.run(
            command,
            env=environment(home, f"http://127.0.0.1:{proxy.server_address[1]}"),
            check=False,
        ).returncode
        proxy.shutdown()

        files = sorted(path for path in home.rglob("*") if path.is_file())
        print(f"files left in an empty home: {len(files)}")
        for path in files:
            print(f"  ~/{plain(str(path.relative_to(home)))}")
            for event in events(path):
                print(f"    queued: {event}")
        print(f"hosts it tried to reach: {len(Recorder.hosts)}")
        for host in sorted(Recorder.hosts):
            print(f"  {host}")
    return code


if __name__ == "__main__":
    sys.exit(main())

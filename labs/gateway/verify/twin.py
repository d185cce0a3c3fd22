"""A second Envoy with the configuration that is in force, in front of servers that follow a script.

The live gateway is asked for its configuration (/config_dump), so what is examined is what runs,
not what a file says. Its twin has ports of its own, and scripted servers in the place of models:
one can be slow, break off or hang without a model that does, and no team's budget pays for it. The
twin's clock can run faster: its timeouts are divided.
"""

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import lab
import live
import verdict

TIMES = {
    "timeout",
    "idle_timeout",
    "stream_idle_timeout",
    "request_timeout",
    "request_headers_timeout",
    "max_stream_duration",
    "max_connection_duration",
    "stream_flush_timeout",
    "flush_timeout",
    "per_try_timeout",
    "per_try_idle_timeout",
    "interval",
    "unhealthy_interval",
    "unhealthy_edge_interval",
    "healthy_edge_interval",
    "no_traffic_interval",
    "no_traffic_healthy_interval",
    "interval_jitter",
    "initial_jitter",
    "base_ejection_time",
}
START_SECONDS = 60
NONE = "\0"  # no path begins with it
SERVERS = ("server-a", "server-b")


def config() -> dict[str, Any]:
    """What the live gateway was started with."""
    try:
        dump = json.loads(lab.admin("/config_dump"))["configs"]
        return next(one["bootstrap"] for one in dump if "bootstrap" in one)
    except (ValueError, KeyError, StopIteration) as error:
        verdict.cannot_tell(f"the gateway does not show its configuration: {error!r}")


def each(node: Any, key: str) -> Iterator[Any]:
    """Every value of this key, wherever it is."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == key:
                yield value
            yield from each(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from each(value, key)


def seconds(value: Any) -> float:
    """A duration as JSON has it: "15s", "0.250s"."""
    return float(str(value).removesuffix("s") or 0)


def routes(bootstrap: dict[str, Any]) -> list[dict[str, Any]]:
    """What is done with requests for answers; other paths may have timeouts of their own."""
    found = []
    for host in (host for hosts in each(bootstrap, "virtual_hosts") for host in hosts):
        for route in host.get("routes", []):
            match = route.get("match", {})
            prefixes = (match.get("prefix", NONE), match.get("path_separated_prefix", NONE))
            pattern = match.get("safe_regex", {}).get("regex", NONE)
            taken = match.get("path") == lab.CHAT or lab.CHAT.startswith(prefixes)
            if "route" in route and (taken or re.fullmatch(pattern, lab.CHAT)):
                found.append(route["route"])
    return found


# ---- scripted servers


Script = Callable[["Handler"], None]


class Server(ThreadingHTTPServer):
    """One of the two. `script` answers requests for answers; `well` is what /health says."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, name: str, script: Script) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.name, self.script = name, script
        self.requests = 0
        self.hangs = threading.Event()  # answers nobody, while set
        self.open: set[socket.socket] = set()
        self.live()

    def live(self) -> None:
        if self.fileno() < 0:  # it died before: the same port again
            self.socket = socket.socket()
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.server_bind()
            self.server_activate()
        self.thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def die(self) -> None:
        """As with SIGKILL: no new connections, and the open ones are closed."""
        self.hangs.clear()
        self.shutdown()
        self.thread.join()
        self.server_close()
        for one in list(self.open):
            hang_up(one)

    def process_request(self, request: socket.socket, client_address: Any) -> None:
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket) -> None:
        self.open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, *_: Any) -> None:
        pass  # the other end left: that is what is examined


def hang_up(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        while self.server.hangs.is_set():
            time.sleep(0.05)
        self.whole(200, b'{"status":"ok"}')

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests += 1
        while self.server.hangs.is_set():
            time.sleep(0.05)
        self.server.script(self)

    def whole(self, code: int, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-served-by", self.server.name)
        self.end_headers()
        self.wfile.write(body)

    def begin(self) -> None:
        """The head of a stream, which has no length: its end is the end of the chunks."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("x-served-by", self.server.name)
        self.end_headers()

    def piece(self, text: str) -> None:
        delta = {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}
        self.data(json.dumps(delta | EVENT))

    def data(self, text: str) -> None:
        event = f"data: {text}\n\n".encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))

    def end(self, tokens: int) -> None:
        last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        self.data(json.dumps(last | EVENT))
        self.data(json.dumps({"choices": [], "usage": usage(tokens)} | EVENT))
        self.data("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def break_off(self) -> None:
        """In the middle of an answer, as when the server is killed."""
        self.close_connection = True
        hang_up(self.connection)

    def log_message(self, *_: object) -> None:
        pass


EVENT = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "smollm2"}


def usage(tokens: int) -> dict[str, Any]:
    return {"prompt_tokens": 5, "completion_tokens": tokens, "total_tokens": 5 + tokens}


def answer(handler: Handler) -> None:
    """A whole answer at once."""
    message = {"role": "assistant", "content": "yes"}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    body = {"choices": [choice], "usage": usage(1)} | EVENT | {"object": "chat.completion"}
    handler.whole(200, json.dumps(body).encode())


# ---- the twin


@dataclass
class Twin:
    url: str
    admin: str
    a: Server
    b: Server
    asked: int = 0

    def ask(self, stream: bool = False, timeout: float = 60) -> tuple[int, HTTPResponse | None]:
        """The status, and what is to be read; 0 where there was no answer at all."""
        body = lab.prompt("Is it well?", 4, stream=stream)
        connection = HTTPConnection(self.url.removeprefix("http://"), timeout=timeout)
        self.asked += 1
        headers = lab.bearer(lab.key(lab.TEAMS[self.asked % 2]))
        try:
            connection.request("POST", lab.CHAT, json.dumps(body), headers)
            response = connection.getresponse()
        except (OSError, HTTPException):
            return 0, None
        return response.status, response

    def script(self, script: Script) -> None:
        self.a.script = self.b.script = script

    def health(self, server: Server) -> str:
        """What the gateway thinks of a server."""
        _, body = live.ask(f"{self.admin}/clusters?format=json")
        for cluster in json.loads(body)["cluster_statuses"]:
            for host in cluster.get("host_statuses", []):
                port = host["address"].get("socket_address", {}).get("port_value")
                if port == server.server_port:
                    flags = [name for name, bad in host["health_status"].items() if bad is True]
                    return flags[0] if flags else "healthy"
        return "unknown"

    def wait(self, server: Server, limit: float = 30) -> bool:
        """Until the gateway takes it for healthy."""
        end = time.monotonic() + limit
        while self.health(server) != "healthy" and time.monotonic() < end:
            time.sleep(0.1)
        return self.health(server) == "healthy"

    def stats(self, pattern: str) -> dict[str, float]:
        _, body = live.ask(f"{self.admin}/stats?filter={pattern}&format=json")
        found = json.loads(body)["stats"]
        return {one["name"]: one["value"] for one in found if "name" in one}


def read(response: HTTPResponse | None) -> tuple[str, bool]:
    """What came, and whether it is a whole stream."""
    text = b""
    try:
        while response and (piece := response.read1(65536)):
            text += piece
    except (OSError, HTTPException):
        pass
    return text.decode(errors="replace"), b"data: [DONE]" in text


def altered(node: Any, faster: float, servers: dict[str, Server], folder: Path) -> Any:
    """The configuration with the twin's ports, keys and clock."""
    if isinstance(node, list):
        return [altered(value, faster, servers, folder) for value in node]
    if not isinstance(node, dict):
        return node
    if "socket_address" in node:
        return {"socket_address": address(node["socket_address"], servers)}
    result = {}
    for name, value in node.items():
        if name in TIMES and isinstance(value, str) and value.endswith("s"):
            result[name] = f"{seconds(value) / faster:.3f}s"
        elif name == "credentials" and isinstance(value, list):
            # The dump shows neither keys nor whose they are.
            result[name] = [{"key": lab.key(team), "client": team} for team in lab.TEAMS]
        elif name == "path" and "log" in str(node.get("@type", "")).lower():
            result[name] = str(folder / "access.log")
        else:
            result[name] = altered(value, faster, servers, folder)
    if "unhealthy_threshold" in node:  # until the first request Envoy checks once a minute
        result["no_traffic_interval"] = result["interval"]
    return result


def address(found: dict[str, Any], servers: dict[str, Server]) -> dict[str, Any]:
    for name in SERVERS:
        port = os.environ.get(f"{name.upper().replace('-', '_')}_PORT")
        if found.get("address") == name or str(found.get("port_value")) == port:
            return {"address": "127.0.0.1", "port_value": servers[name].server_port}
    return found


@contextlib.contextmanager
def twin(faster: float = 1, script: Script = answer) -> Iterator[Twin]:
    """Runs for as long as it is examined."""
    bootstrap = config()
    pair = {name: Server(name, script) for name in SERVERS}
    with contextlib.ExitStack() as stack:
        for server in pair.values():
            stack.callback(server.die)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        kept = {
            key: bootstrap[key]
            for key in ("static_resources", "layered_runtime")
            if key in bootstrap
        }
        own = altered(kept, faster, pair, folder)
        for listener in own["static_resources"]["listeners"]:
            listener["address"] = {"socket_address": {"address": "127.0.0.1", "port_value": 0}}
        own["admin"] = {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}}
        file, where = folder / "envoy.json", folder / "admin"
        file.write_text(json.dumps(own), "utf-8")
        log = stack.enter_context((folder / "log").open("wb"))
        argv = [str(Path(sys.executable).with_name("envoy")), "-c", str(file), "-l", "error"]
        argv += ["--concurrency", "1", "--disable-hot-restart", "--admin-address-path", str(where)]
        envoy = subprocess.Popen(argv, stdout=log, stderr=log)
        stack.callback(lambda: (envoy.kill(), envoy.wait()))
        admin = started(envoy, where, folder)
        _, body = live.ask(f"{admin}/listeners?format=json")
        found = json.loads(body)["listener_statuses"][0]["local_address"]["socket_address"]
        yield Twin(
            f"http://127.0.0.1:{found['port_value']}", admin, pair["server-a"], pair["server-b"]
        )


def started(envoy: subprocess.Popen[bytes], where: Path, folder: Path) -> str:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and envoy.poll() is None:
        text = where.read_text().strip() if where.exists() else ""
        if text and live.ask(f"http://{text}/ready")[0] == 200:
            return f"http://{text}"
        time.sleep(0.05)
    said = (folder / "log").read_text(errors="replace").strip().splitlines()
    verdict.cannot_tell(f"a second gateway does not start: {said[-1] if said else 'no reason'}")

"""Kubernetes API servers for tests, small enough to read.

A store, the discovery that kubectl needs, and controllers that follow a script.

    python3 apiserver.py
        Reads `+PORT` and `-PORT` on standard input until it ends: starts and stops the server of an
        empty cluster on that port of 127.0.0.1, and answers each with `ok` or `taken`.

Nothing happens by itself: controllers act when somebody looks, so that no test depends on a clock.
A look is a list of deployments in the workload's namespace.

    POST /_control
        {"workloads": {"server": {"becomes": "ready", "after": 2, "log": ["line"]}},
         "refuse": {"ConfigMap/x": "words"},
         "objects": [...],
         "pods": {"/path": [503, "words"]},
         "namespace_looks": 0, "established_after": 2}

        becomes   a name in STATES, "refused" or "failed"
        refuse    the API server refuses this object with these words
        objects   are put into the store, as if by somebody else
        pods      how the pods' own web servers answer (else 200)
    GET /_control/requests
        Every request so far, in order.
    GET /_control/objects
        What is in the store.

Left out: who owns which field (an apply merges, and forgets nothing), validation, admission,
defaults, rights, quota.
"""

import json
import re
import select
import socket
import struct
import sys
import threading
import time
import zlib
from contextlib import suppress
from copy import deepcopy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from fakecluster import VERBS, Cluster, Failure, merge


class Handler(BaseHTTPRequestHandler):
    """From HTTP to the store and back."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    cluster: Cluster

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, code: int, body: object, kind: str = "application/json") -> None:
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do(self) -> None:
        parts = urlsplit(self.path)
        self.query = {
            name: values[-1]
            for name, values in parse_qs(parts.query, keep_blank_values=True).items()
        }
        words = [unquote(word) for word in parts.path.strip("/").split("/")]
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.loads(raw) if raw.startswith(b"{") else {}
        try:
            if words[0] == "_control":
                self.answer(200, self.controlled(words, body))
            elif words[0] in ("api", "apis", "openapi", "version"):
                with self.cluster.lock:
                    self.cluster.requests.append(
                        {
                            "method": self.command,
                            "path": parts.path,
                            "query": self.query,
                            "body": body,
                        }
                    )
                self.api(words, body)
            else:
                code, text = self.cluster.script["pods"].get(parts.path, [200, "well\n"])
                self.answer(code, text, "text/plain")
        except Failure as failure:
            self.answer(failure.code, failure.status)
        except ConnectionError:
            # Killed, as some tests do.
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do

    def controlled(self, words: list[str], body: dict) -> object:
        with self.cluster.lock:
            for item in body.pop("objects", []):
                self.cluster.put(item)
                if item["kind"] == "CustomResourceDefinition":
                    self.cluster.establish(item)
            self.cluster.script = merge(self.cluster.script, body)
            return {
                "requests": self.cluster.requests,
                "objects": list(self.cluster.objects.values()),
            }.get(words[-1], {})

    def api(self, words: list[str], body: dict) -> None:
        if words[0] == "version":
            return self.answer(
                200,
                {"major": "1", "minor": "32", "gitVersion": "v1.32.3", "platform": "linux/amd64"},
            )
        if words[0] == "openapi":
            return self.openapi(words)
        group, version, rest = (
            ("", words[1:2], words[2:])
            if words[0] == "api"
            else ("".join(words[1:2]), words[2:3], words[3:])
        )
        if not rest:
            return self.discovery(words[0], group, "".join(version))
        namespace = ""
        if rest[0] == "namespaces" and len(rest) > 2:
            namespace, rest = rest[1], rest[2:]
        plural, name, sub = [*rest, "", ""][:3]
        resource = self.cluster.resources.get((group, version[0], plural))
        if resource is None:
            raise Failure(404, "NotFound", "the server could not find the requested resource")
        if plural == "selfsubjectaccessreviews":
            return self.answer(201, body | {"status": {"allowed": True}})
        if sub == "portforward":
            return self.port_forward()
        if self.query.get("watch") in ("1", "true"):
            return self.watch(group, plural, namespace)
        with self.cluster.lock:
            key = (group, plural, namespace, name or body.get("metadata", {}).get("name", ""))
            if self.command == "GET":
                self.cluster.look(plural, namespace)
                return self.read(key, name, sub, resource, f"{group}/{version[0]}".strip("/"))
            self.answer(*self.write(key, resource, body))

    def read(self, key: tuple, name: str, sub: str, resource: dict, version: str) -> None:
        group, plural, namespace, _ = key
        if not name:
            items = [item for item in self.cluster.find(group, plural, namespace, self.query)]
            return self.answer(
                200,
                {
                    "kind": resource["kind"] + "List",
                    "apiVersion": version,
                    "metadata": {"resourceVersion": str(self.cluster.version)},
                    "items": items,
                },
            )
        item = self.present(key)
        if sub == "log":
            return self.log(item)
        self.answer(200, item)

    def present(self, key: tuple) -> dict:
        group, plural, _, name = key
        if key not in self.cluster.objects:
            raise Failure(
                404, "NotFound", f'{plural}{"." if group else ""}{group} "{name}" not found'
            )
        return self.cluster.objects[key]

    def write(self, key: tuple, resource: dict, body: dict) -> tuple[int, dict]:
        _, plural, namespace, name = key
        refused = self.cluster.script["refuse"].get(f"{resource['kind']}/{name}")
        if refused and self.command != "DELETE":
            raise Failure(422, "Invalid", refused)
        if self.command == "DELETE":
            item = deepcopy(self.present(key))
            self.cluster.delete(key)
            return 200, item
        there = self.cluster.objects.get(key)
        if (
            there is None
            and self.command == "PATCH"
            and "apply-patch" not in self.headers["Content-Type"]
        ):
            self.present(key)
        if there is not None and self.command == "POST":
            raise Failure(409, "AlreadyExists", f'{plural} "{name}" already exists')
        if resource["namespaced"]:
            home = self.present(("", "namespaces", "", namespace))
            if there is None and home["status"]["phase"] == "Terminating":
                raise Failure(
                    403,
                    "Forbidden",
                    f"unable to create new content in namespace {namespace} "
                    "because it is being terminated",
                )
            body.setdefault("metadata", {})["namespace"] = namespace
        new = body if there is None or self.command == "PUT" else merge(there, body)
        return (201 if there is None else 200), self.cluster.put(deepcopy(new))

    def log(self, pod: dict) -> None:
        owner = next(
            (reference["name"] for reference in pod["metadata"].get("ownerReferences", [])), ""
        )
        script = self.cluster.script["workloads"].get(owner, {})
        if self.query.get("previous") == "true" and script.get("becomes") != "crash":
            raise Failure(400, "BadRequest", "previous terminated container not found")
        lines = script.get("log", [f"{owner} says hello"])[
            -int(self.query.get("tailLines", 1000)) :
        ]
        self.answer(200, "".join(f"{line}\n" for line in lines), "text/plain")

    def watch(self, group: str, plural: str, namespace: str) -> None:
        """Changes after a version, as they come, until the other side has enough."""
        if "sendInitialEvents" in self.query:
            raise Failure(
                422,
                "Invalid",
                "sendInitialEvents is forbidden for watch "
                "unless the WatchList feature gate is enabled",
            )
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.flush()
        seen = int(self.query.get("resourceVersion") or 0)
        end = time.monotonic() + int(self.query.get("timeoutSeconds", 300))
        while time.monotonic() < end and not select.select([self.connection], [], [], 0.03)[0]:
            with self.cluster.lock:
                self.cluster.look(plural, namespace)
                items = self.cluster.find(group, plural, namespace, self.query)
                news = [
                    deepcopy(item)
                    for item in items
                    if int(item["metadata"]["resourceVersion"]) > seen
                ]
                seen = self.cluster.version
            for item in news:
                self.wfile.write(json.dumps({"type": "MODIFIED", "object": item}).encode() + b"\n")
            self.wfile.flush()

    def discovery(self, root: str, group: str, version: str) -> None:
        def describe(plural: str, resource: dict) -> dict:
            return {
                "name": plural,
                "singularName": resource["kind"].lower(),
                "namespaced": resource["namespaced"],
                "kind": resource["kind"],
                "verbs": VERBS,
                "shortNames": resource["short"],
            }

        groups: dict[str, dict[str, dict]] = {}
        for (own, number, plural), resource in self.cluster.resources.items():
            if bool(own) == (root == "apis"):
                groups.setdefault(own, {}).setdefault(number, {})[plural] = describe(
                    plural, resource
                )
        if version:
            if version not in groups.get(group, {}):
                raise Failure(404, "NotFound", "the server could not find the requested resource")
            where = f"{group}/{version}".strip("/")
            return self.answer(
                200,
                {
                    "kind": "APIResourceList",
                    "groupVersion": where,
                    "resources": list(groups[group][version].values()),
                },
            )
        accept = re.search(
            r"g=apidiscovery.k8s.io;v=(\w+);as=APIGroupDiscoveryList",
            self.headers.get("Accept", ""),
        )
        if accept:
            items = [
                {
                    "metadata": {"name": own},
                    "versions": [
                        {
                            "version": number,
                            "freshness": "Current",
                            "resources": [
                                {
                                    "resource": name,
                                    "responseKind": {
                                        "group": own,
                                        "version": number,
                                        "kind": entry["kind"],
                                    },
                                    "singularResource": entry["singularName"],
                                    "scope": "Namespaced" if entry["namespaced"] else "Cluster",
                                    "verbs": VERBS,
                                    "shortNames": entry["shortNames"],
                                }
                                for name, entry in entries.items()
                            ],
                        }
                        for number, entries in versions.items()
                    ],
                }
                for own, versions in groups.items()
            ]
            body = {
                "kind": "APIGroupDiscoveryList",
                "apiVersion": f"apidiscovery.k8s.io/{accept[1]}",
                "metadata": {},
                "items": items,
            }
            return self.answer(200, body, f"application/json;{accept[0]}")
        if root == "api":
            return self.answer(200, {"kind": "APIVersions", "versions": ["v1"]})
        named = [
            {
                "name": own,
                "versions": [
                    {"groupVersion": f"{own}/{number}", "version": number} for number in versions
                ],
            }
            for own, versions in groups.items()
        ]
        self.answer(
            200,
            {
                "kind": "APIGroupList",
                "apiVersion": "v1",
                "groups": [entry | {"preferredVersion": entry["versions"][0]} for entry in named],
            },
        )

    def openapi(self, words: list[str]) -> None:
        """Just enough for kubectl to leave validation to the server.

        Each kind can be patched with `fieldValidation`.
        """
        if words[1:2] != ["v3"]:
            # kubectl requests this for a List, whose items it would check itself: a document
            # (protobuf) without any type.
            return self.answer(200, "", "application/octet-stream")
        where = {
            (f"apis/{group}/{version}" if group else "api/v1")
            for group, version, _ in self.cluster.resources
        }
        if not words[2:]:
            return self.answer(
                200,
                {"paths": {path: {"serverRelativeURL": f"/openapi/v3/{path}"} for path in where}},
            )
        wanted = "/".join(words[2:])
        paths = {}
        for (group, version, plural), resource in self.cluster.resources.items():
            if wanted == (f"apis/{group}/{version}" if group else "api/v1"):
                paths[f"/{wanted}/{plural}/{{name}}"] = {
                    "patch": {
                        "parameters": [
                            {"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}
                        ],
                        "x-kubernetes-group-version-kind": {
                            "group": group,
                            "version": version,
                            "kind": resource["kind"],
                        },
                    }
                }
        self.answer(
            200, {"openapi": "3.0.0", "info": {"title": "fake", "version": "1"}, "paths": paths}
        )

    def port_forward(self) -> None:
        """The SPDY/3.1 tunnel of `kubectl port-forward` to the web server of a pod: this server."""
        if self.headers.get("Upgrade", "").lower() != "spdy/3.1":
            # kubectl tries a websocket first, and takes this for a server that has none.
            raise Failure(400, "BadRequest", "Upgrade request required")
        self.close_connection = True
        self.send_response(101)
        for name, value in {
            "Connection": "Upgrade",
            "Upgrade": "SPDY/3.1",
            "X-Stream-Protocol-Version": "portforward.k8s.io",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.flush()
        Tunnel(self).run()


class Tunnel:
    """The part of SPDY that port-forward needs.

    Each connection through the tunnel is two streams: one for errors, closed at once, and one for
    bytes.
    """

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.writing = threading.Lock()
        self.headers = zlib.compressobj()
        self.pods: dict[int, socket.socket] = {}

    def send(self, first: int, flags: int, body: bytes) -> None:
        with self.writing:
            self.handler.connection.sendall(
                struct.pack(">II", first, flags << 24 | len(body)) + body
            )

    def run(self) -> None:
        read = self.handler.rfile.read
        while len(head := read(8)) == 8:
            first, rest = struct.unpack(">II", head)
            body = read(rest & 0xFFFFFF)
            if first == 0x80030001:  # SYN_STREAM: a reply without headers
                nothing = self.headers.compress(bytes(4)) + self.headers.flush(zlib.Z_SYNC_FLUSH)
                self.send(0x80030002, 0, body[:4] + nothing)
            elif first == 0x80030006:  # PING
                self.send(first, 0, body)
            elif not first >> 31:
                self.data(first, rest >> 24 & 1, body)

    def data(self, stream: int, last: int, body: bytes) -> None:
        pod = self.pods.get(stream)
        if pod is None and body:
            pod = self.pods[stream] = socket.create_connection(self.handler.server.server_address)
            threading.Thread(target=self.back, args=(stream, pod), daemon=True).start()
        if pod is None:
            return self.send(stream, last, b"")
        pod.sendall(body)
        if last:
            pod.shutdown(socket.SHUT_WR)

    def back(self, stream: int, pod: socket.socket) -> None:
        # The tunnel may have been killed meanwhile.
        with suppress(OSError):
            while body := pod.recv(65536):
                self.send(stream, 0, body)
            self.send(stream, 1, b"")


if __name__ == "__main__":
    servers: dict[str, ThreadingHTTPServer] = {}
    for line in sys.stdin:
        what, port = line[0], line[1:].strip()
        answer = "ok"
        if what == "-":
            servers[port].shutdown()
            servers[port].server_close()
        else:
            try:
                servers[port] = ThreadingHTTPServer(
                    ("127.0.0.1", int(port)), type("Own", (Handler,), {"cluster": Cluster()})
                )
                threading.Thread(target=servers[port].serve_forever, daemon=True).start()
            except OSError:
                answer = "taken"
        print(answer, flush=True)

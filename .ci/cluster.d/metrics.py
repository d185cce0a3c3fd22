"""The API metrics.k8s.io/v1beta1 for autoscalers and `kubectl top`: each answer is what the kubelet
measures now. The API server asks it on behalf of its clients, so that nobody else needs access.
"""

import json
import ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import layout
from api import Api

GROUP = "metrics.k8s.io"
VERSION = f"{GROUP}/v1beta1"
SUMMARY = f"/api/v1/nodes/{layout.NODE_NAME}/proxy/stats/summary"
WINDOW = "10s"


def serve() -> None:
    """Runs for good."""
    keys = layout.ON_NODE.keys
    api = Api(keys)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            try:
                status, body = 200, answer(api, url.path, url.query)
            except LookupError:
                status, body = 404, failure(404, "NotFound", f"{url.path} not found")
            except OSError as error:
                status, body = 503, failure(503, "ServiceUnavailable", str(error))
            payload = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_: object) -> None:
            """A request each second is no news."""

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(keys / "server.crt", keys / "server.key")
    server = ThreadingHTTPServer((layout.NODE_IP, layout.METRICS_PORT), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


def answer(api: Api, path: str, query: str) -> dict:
    """Raises LookupError for what is not there."""
    parts = path.strip("/").split("/")
    match parts:
        case ["apis", group] if group == GROUP:
            return discovery()
        case ["apis", group, "v1beta1"] if group == GROUP:
            return resources()
        case ["apis", group, "v1beta1", *rest] if group == GROUP:
            return measure(api, rest, query)
    raise LookupError


def discovery() -> dict:
    version = {"groupVersion": VERSION, "version": "v1beta1"}
    return {
        "apiVersion": "v1",
        "kind": "APIGroup",
        "name": GROUP,
        "versions": [version],
        "preferredVersion": version,
    }


def resources() -> dict:
    kinds = {"nodes": ("NodeMetrics", False), "pods": ("PodMetrics", True)}
    return {
        "apiVersion": "v1",
        "kind": "APIResourceList",
        "groupVersion": VERSION,
        "resources": [
            {
                "name": name,
                "singularName": "",
                "namespaced": namespaced,
                "kind": kind,
                "verbs": ["get", "list"],
            }
            for name, (kind, namespaced) in kinds.items()
        ],
    }


def measure(api: Api, rest: list[str], query: str) -> dict:
    # The same path in the API itself selects the same objects, labels included.
    found = api.get(f"/api/v1/{'/'.join(rest)}" + (f"?{query}" if query else ""))
    single = "items" not in found
    objects = [found] if single else found["items"]
    summary = api.get(SUMMARY)
    if "pods" in rest:
        kind = "PodMetrics"
        known = {(p["podRef"]["namespace"], p["podRef"]["name"]): p for p in summary["pods"]}
        pairs = [
            (o, known.get((o["metadata"]["namespace"], o["metadata"]["name"]))) for o in objects
        ]
        items = [pod_item(pod, seen) for pod, seen in pairs if is_measured(pod, seen)]
    else:
        kind = "NodeMetrics"
        items = [
            item(kind, node, summary["node"]) | {"usage": usage(summary["node"])}
            for node in objects
        ]
    if not single:
        return {"apiVersion": VERSION, "kind": f"{kind}List", "metadata": {}, "items": items}
    if not items:
        raise LookupError
    return items[0]


def is_measured(pod: dict, seen: dict | None) -> bool:
    """Whether each container has numbers: half of a pod would mislead an autoscaler."""
    containers = seen.get("containers", []) if seen else []
    measured = [c for c in containers if "usageNanoCores" in c.get("cpu", {})]
    return len(measured) >= len(pod["spec"]["containers"]) and all(
        "workingSetBytes" in c.get("memory", {}) for c in measured
    )


def pod_item(pod: dict, seen: dict) -> dict:
    containers = [c for c in seen["containers"] if "usageNanoCores" in c.get("cpu", {})]
    measured = [{"name": c["name"], "usage": usage(c)} for c in containers]
    return item("PodMetrics", pod, containers[0]) | {"containers": measured}


def item(kind: str, of: dict, seen: dict) -> dict:
    kept = {
        key: of["metadata"][key] for key in ("name", "namespace", "labels") if key in of["metadata"]
    }
    return {
        "apiVersion": VERSION,
        "kind": kind,
        "metadata": kept,
        "timestamp": seen["cpu"]["time"],
        "window": WINDOW,
    }


def usage(seen: dict) -> dict[str, str]:
    cpu, memory = seen["cpu"]["usageNanoCores"], seen["memory"]["workingSetBytes"]
    return {"cpu": f"{cpu}n", "memory": f"{memory // 1024}Ki"}


def failure(code: int, reason: str, message: str) -> dict:
    return {
        "apiVersion": "v1",
        "kind": "Status",
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": message,
    }

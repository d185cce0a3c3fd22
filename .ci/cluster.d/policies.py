"""Enforces NetworkPolicies with iptables: the CNI plugin `ptp` leads every packet between two pods
through the node.

Traffic of the node itself to its pods is never refused: probes need it. Connections that stand are
not cut. Not here: IPv6, `endPort`.
"""

import ipaddress
import subprocess
import threading
import time
from collections.abc import Iterator

import layout
from api import Api

WATCHED = {
    "pods": "/api/v1/pods",
    "namespaces": "/api/v1/namespaces",
    "policies": "/apis/networking.k8s.io/v1/networkpolicies",
}

# What comes after the decision on one side: the sender's policies first, then the receiver's. The
# table `mangle` has no rules of kube-proxy, so that all of it is written at once.
FRAME = """\
*mangle
:MLOPS-LAB-EGRESS - [0:0]
:MLOPS-LAB-INGRESS - [0:0]
-F FORWARD
-F INPUT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -j MLOPS-LAB-EGRESS
-A FORWARD -j MLOPS-LAB-INGRESS
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -j MLOPS-LAB-EGRESS
{rules}
COMMIT
"""


def serve() -> None:
    """Runs for good. Without an API server nothing changes, and the rules stay."""
    api = Api(layout.ON_NODE.keys)
    state: dict[str, list[dict]] = {}
    changed = threading.Event()

    def follow(name: str) -> None:
        while True:
            try:
                for objects in api.watch(WATCHED[name]):
                    state[name] = list(objects.values())
                    changed.set()
            except OSError as error:
                print(f"{name}: {error}", flush=True)
            time.sleep(0.5)

    for name in WATCHED:
        threading.Thread(target=follow, args=(name,), daemon=True).start()
    written = ""
    while True:
        changed.wait()
        changed.clear()
        if state.keys() != WATCHED.keys():
            continue
        text = render(state["pods"], state["namespaces"], state["policies"])
        if text != written:
            command = ["iptables-restore", "--wait=5", "--noflush"]
            subprocess.run(command, input=text, text=True, check=True, timeout=30)
            written = text


def render(pods: list[dict], namespaces: list[dict], policies: list[dict]) -> str:
    """All rules, as iptables-restore reads them."""
    cluster = Cluster(pods, namespaces)
    rules = []
    for pod in cluster.pods:
        at = [policy for policy in policies if applies(policy, pod)]
        for direction in ("Egress", "Ingress"):
            restricting = [p["spec"] for p in at if direction in p["spec"]["policyTypes"]]
            if restricting:
                rules += cluster.rules_of(pod, direction, restricting)
    return FRAME.format(rules="\n".join(rules))


def applies(policy: dict, pod: dict) -> bool:
    meta = pod["metadata"]
    return policy["metadata"]["namespace"] == meta["namespace"] and matches(
        policy["spec"]["podSelector"], meta.get("labels", {})
    )


class Cluster:
    def __init__(self, pods: list[dict], namespaces: list[dict]) -> None:
        self.pods = sorted(filter(has_network, pods), key=lambda pod: pod["status"]["podIP"])
        self.namespaces = {
            n["metadata"]["name"]: n["metadata"].get("labels", {}) for n in namespaces
        }

    def rules_of(self, pod: dict, direction: str, specs: list[dict]) -> list[str]:
        """A packet that one policy allows goes on to the other direction, any other is dropped."""
        own, other = ("-s", "-d") if direction == "Egress" else ("-d", "-s")
        begin = f"-A MLOPS-LAB-{direction.upper()} {own} {pod['status']['podIP']}"
        namespace = pod["metadata"]["namespace"]
        lines = []
        for spec in specs:
            for rule in spec.get(direction.lower(), []):
                peers = rule.get("to" if direction == "Egress" else "from", [])
                for address, peer in self.addresses(peers, rule, namespace):
                    # The pod that receives says what the name of a port means.
                    receiver = peer if direction == "Egress" else pod
                    side = f" {other} {address}" if address else ""
                    for port in ports_of(rule, receiver):
                        lines.append(f"{begin}{side}{port} -j RETURN")
        return [*lines, f"{begin} -j DROP"]

    def addresses(
        self, peers: list[dict], rule: dict, namespace: str
    ) -> Iterator[tuple[str, dict | None]]:
        """The addresses of a rule's peers ("" for all), and the pod that an address is of."""
        if not peers:
            yield "", None
            if any(isinstance(port.get("port"), str) for port in rule.get("ports", [])):
                # A name says nothing about addresses, so each pod is named.
                yield from ((pod["status"]["podIP"], pod) for pod in self.pods)
        for peer in peers:
            if block := peer.get("ipBlock"):
                for network in subtract(block["cidr"], block.get("except", [])):
                    yield str(network), None
                continue
            for pod in self.pods:
                if self.is_peer(pod, peer, namespace):
                    yield pod["status"]["podIP"], pod

    def is_peer(self, pod: dict, peer: dict, namespace: str) -> bool:
        meta = pod["metadata"]
        if "namespaceSelector" in peer:
            labels = self.namespaces.get(meta["namespace"], {})
            there = matches(peer["namespaceSelector"], labels)
        else:
            there = meta["namespace"] == namespace
        return there and matches(peer.get("podSelector", {}), meta.get("labels", {}))


def has_network(pod: dict) -> bool:
    """Whether a pod has an address of its own."""
    status = pod["status"]
    ended = status.get("phase") in ("Succeeded", "Failed")
    return "podIP" in status and not ended and not pod["spec"].get("hostNetwork")


def ports_of(rule: dict, receiver: dict | None) -> Iterator[str]:
    """The ports of a rule, as iptables takes them."""
    if not rule.get("ports"):
        yield ""
    for wanted in rule.get("ports", []):
        protocol, port = wanted.get("protocol", "TCP"), wanted.get("port")
        if port is None:
            yield f" -p {protocol.lower()}"
        elif isinstance(port, int):
            yield f" -p {protocol.lower()} --dport {port}"
        elif receiver:
            for container in receiver["spec"]["containers"]:
                for known in container.get("ports", []):
                    if (known.get("name"), known.get("protocol", "TCP")) == (port, protocol):
                        yield f" -p {protocol.lower()} --dport {known['containerPort']}"


def matches(selector: dict, labels: dict[str, str]) -> bool:
    equal = selector.get("matchLabels", {}).items() <= labels.items()
    return equal and all(meets(wanted, labels) for wanted in selector.get("matchExpressions", []))


def meets(expression: dict, labels: dict[str, str]) -> bool:
    key, values = expression["key"], expression.get("values", [])
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False


def subtract(cidr: str, exceptions: list[str]) -> list[ipaddress.IPv4Network]:
    left = [ipaddress.ip_network(cidr, strict=False)]
    for text in exceptions:
        hole = ipaddress.ip_network(text, strict=False)
        kept = []
        for network in left:
            if hole.subnet_of(network):
                kept += network.address_exclude(hole)
            elif not network.subnet_of(hole):
                kept.append(network)
        left = kept
    return left

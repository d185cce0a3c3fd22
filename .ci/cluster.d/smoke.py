"""Whether the cluster does what a lab needs of one: each line is one behaviour. Leaves nothing."""

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Callable
from string import Template

import console
import layout
from layout import Run

NAMESPACE = "smoke"
NODE_PORT = "32001"
FORWARDED_PORT = 21520

FETCH = "import urllib.request as u; u.urlopen('http://{}', timeout=3).read()"
FETCH_API = (
    "import ssl, urllib.request as u;"
    " u.urlopen('https://kubernetes.default.svc/version', timeout=3,"
    " context=ssl._create_unverified_context()).read()"
)
ADDRESSES = "import socket; print(len({{a[4] for a in socket.getaddrinfo('{}', 80)}}))"

CLIENT = {"podSelector": {"matchLabels": {"app": "client"}}}
SERVER = {"podSelector": {"matchLabels": {"app": "server"}}}
DNS = {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
    "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
}


class Smoke:
    def __init__(self, at: Run) -> None:
        self.kubectl = [os.environ.get("MLOPS_LAB_KUBECTL", "kubectl"), "--namespace", NAMESPACE]
        self.env = os.environ | {"KUBECONFIG": str(at.kubeconfig)}
        self.failures = 0

    def run(self, *arguments: str, given: str | None = None) -> str:
        """What kubectl prints; OSError where it fails."""
        try:
            done = subprocess.run(
                [*self.kubectl, *arguments],
                check=False,
                input=given,
                capture_output=True,
                text=True,
                timeout=120,
                env=self.env,
            )
        except subprocess.TimeoutExpired as error:
            raise OSError(str(error)) from None
        if done.returncode:
            raise OSError("\n".join((done.stdout + done.stderr).strip().splitlines()[-3:]))
        return done.stdout

    def python(self, script: str, pod: str = "deployment/client") -> str:
        return self.run("exec", pod, "--", "python3", "-c", script)

    def value(self, what: str, path: str) -> str:
        return self.run("get", *what.split(), "--output", f"jsonpath={{{path}}}")

    def holds(self, what: str, probe: Callable[[], object], within: float = 0) -> None:
        try:
            console.wait(what, within, probe)
            console.report(f"ok    {what}")
        except console.Failure as failure:
            console.report(f"FAIL  {failure}")
            self.failures += 1

    def refuses(self, what: str, script: str) -> None:
        """A packet that is dropped is not answered."""
        try:
            self.python(script)
        except OSError:
            console.report(f"ok    {what}")
        else:
            console.report(f"FAIL  {what}: it is answered")
            self.failures += 1

    def policy(self, of: str, **spec: list) -> None:
        selector = {"matchLabels": {"app": of}}
        types = [direction for direction in ("Ingress", "Egress") if direction.lower() in spec]
        document = {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": of},
            "spec": {"podSelector": selector, "policyTypes": types, **spec},
        }
        self.run("apply", "--filename", "-", given=json.dumps(document))
        settle()


def settle() -> None:
    """Nothing reports when a policy is enforced."""
    time.sleep(1)


def smoke(at: Run, image: str) -> int:
    s = Smoke(at)
    text = (layout.CODE / "smoke.yaml").read_text()
    manifest = Template(text).substitute(IMAGE=image, NODE_PORT=NODE_PORT)
    s.run("create", "namespace", NAMESPACE)
    try:
        check_objects(s, manifest)
        check_network(s)
        check_access(s)
        check_policies(s)
    finally:
        s.run("delete", "namespace", NAMESPACE, "--wait=false")
    console.report(f"{s.failures} failed" if s.failures else "all hold")
    return 1 if s.failures else 0


def check_objects(s: Smoke, manifest: str) -> None:
    def apply(*options: str) -> str:
        return s.run("apply", "--server-side", "--filename", "-", *options, given=manifest) or "ok"

    def roll_out(what: str) -> str:
        return s.run("rollout", "status", what, "--timeout", "90s")

    s.holds("dry run on the server", lambda: apply("--dry-run=server"))
    s.holds("applied server-side", apply)
    s.holds("a rollout of two pods", lambda: roll_out("statefulset/server"))
    s.holds("a volume is bound, and its pod runs", lambda: roll_out("deployment/client"))
    write = "open('/data/x', 'w').write('x'); print('written')"
    s.holds("a user without rights writes to a volume", lambda: s.python(write))
    budget = ".status.currentHealthy"
    s.holds("a budget counts its pods", lambda: s.value("pdb server", budget) == "2", within=30)
    usage = ".status.currentMetrics[0].resource.current.averageUtilization"
    s.holds("an autoscaler has numbers", lambda: s.value("hpa server", usage), within=90)
    s.holds("kubectl top", lambda: s.run("top", "pod", "server-0"), within=30)
    label = f"namespace {NAMESPACE}", ".metadata.labels.kubernetes\\.io/metadata\\.name"
    s.holds("a namespace has its name as a label", lambda: s.value(*label) == NAMESPACE)


def check_network(s: Smoke) -> None:
    def fetches(what: str, address: str, pod: str = "deployment/client") -> None:
        s.holds(what, lambda: s.python(FETCH.format(address) + "; print('ok')", pod))

    fetches("a Service by its short name", "server")
    fetches("a Service by its whole name", f"server.{NAMESPACE}.svc.cluster.local")
    fetches("a pod of a StatefulSet by its name", "server-1.headless:8080")
    for _ in range(3):
        fetches("a pod reaches itself by its Service", "server", "server-0")
    pods = ADDRESSES.format("headless")
    s.holds("a headless Service is its pods", lambda: s.python(pods).strip() == "2")
    s.refuses("a name outside the cluster does not exist", ADDRESSES.format("nothing.example"))
    s.holds("a pod reaches the API server", lambda: s.python(FETCH_API + "; print('ok')"))


def check_access(s: Smoke) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def answers(address: str) -> bool:
        with opener.open(f"http://{address}/", timeout=3) as answer:
            return answer.status == 200

    outside = f"{layout.NODE_IP}:{NODE_PORT}"
    s.holds("a NodePort from the machine", lambda: answers(outside), within=10)
    s.holds("logs", lambda: s.run("logs", "server-0"))
    forward = [*s.kubectl, "port-forward", "service/server", f"{FORWARDED_PORT}:80"]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(forward, env=s.env, stdout=quiet, stderr=quiet)
    try:
        s.holds("port-forward", lambda: answers(f"127.0.0.1:{FORWARDED_PORT}"), within=15)
    finally:
        process.kill()
        process.wait()


def check_policies(s: Smoke) -> None:
    fetch = FETCH.format("server") + "; print('ok')"
    s.policy("server", ingress=[])
    s.refuses("a pod that nobody may reach is not reached", fetch)
    ready = ["wait", "--for", "condition=Ready", "pod/server-0", "--timeout", "10s"]
    s.holds("... but the node's probes reach it", lambda: s.run(*ready))
    s.policy("server", ingress=[{"from": [CLIENT], "ports": [{"port": "http"}]}])
    s.holds("a client that is allowed, at the name of a port", lambda: s.python(fetch))
    s.policy("client", egress=[{"to": [SERVER]}])
    s.refuses("a client that may not reach DNS finds nothing", fetch)
    ports = [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]
    s.policy("client", egress=[{"to": [SERVER]}, {"to": [DNS], "ports": ports}])
    s.holds("... one that may does", lambda: s.python(fetch))
    s.refuses("... and nothing else: not the API server", FETCH_API)
    s.run("delete", "networkpolicy", "--all")
    settle()
    s.holds("without policies all is as before", lambda: s.python(fetch))

"""The first process of the node: prepares its namespaces, starts its parts in order, and waits.

When it ends, the kernel ends everything in the node, and unmounts and removes what the node had.
So it ends as soon as a part does: half a cluster helps nobody. What it reports is `state.json`.
"""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import console
import layout
from api import Api
from layout import ON_NODE

CONTAINERD = "/run/containerd/containerd.sock"
KEYS = ON_NODE.keys
ADMIN = f"--kubeconfig={ON_NODE.kubeconfig}"

# What kubelet sets on the machine when it finds something else. On the node they read like this,
# and the machine keeps its own.
SYSCTLS = {
    "kernel/keys/root_maxbytes": "25000000",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
}

PARTS = {
    "etcd": ["etcd", "--data-dir=/var/lib/etcd", "--logger=zap", "--log-level=warn"],
    "containerd": ["containerd", f"--config={ON_NODE.config}/containerd.toml"],
    "kube-apiserver": [
        "kube-apiserver",
        "--etcd-servers=http://127.0.0.1:2379",
        f"--bind-address={layout.NODE_IP}",
        f"--advertise-address={layout.NODE_IP}",
        f"--secure-port={layout.API_PORT}",
        "--insecure-port=0",
        f"--service-cluster-ip-range={layout.SERVICES}",
        "--allow-privileged",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        f"--client-ca-file={KEYS}/ca.crt",
        f"--tls-cert-file={KEYS}/server.crt",
        f"--tls-private-key-file={KEYS}/server.key",
        f"--kubelet-certificate-authority={KEYS}/ca.crt",
        f"--kubelet-client-certificate={KEYS}/admin.crt",
        f"--kubelet-client-key={KEYS}/admin.key",
        "--kubelet-preferred-address-types=InternalIP",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={KEYS}/accounts.key",
        f"--service-account-signing-key-file={KEYS}/accounts.key",
        # Straight to the metrics server, not by way of its Service's address.
        "--enable-aggregator-routing",
        "--feature-gates=TTLAfterFinished=true",
        "--profiling=false",
    ],
    "kube-controller-manager": [
        "kube-controller-manager",
        ADMIN,
        "--bind-address=127.0.0.1",
        "--port=0",
        "--leader-elect=false",
        "--use-service-account-credentials",
        f"--root-ca-file={KEYS}/ca.crt",
        f"--service-account-private-key-file={KEYS}/accounts.key",
        "--enable-hostpath-provisioner",
        "--feature-gates=TTLAfterFinished=true",
    ],
    "kube-scheduler": [
        "kube-scheduler",
        ADMIN,
        "--bind-address=127.0.0.1",
        "--port=0",
        "--leader-elect=false",
    ],
    "kubelet": [
        "kubelet",
        f"--config={ON_NODE.config}/kubelet.yaml",
        f"--kubeconfig={ON_NODE.at}/node.kubeconfig",
        "--container-runtime=remote",
        f"--container-runtime-endpoint=unix://{CONTAINERD}",
        f"--hostname-override={layout.NODE_NAME}",
        f"--node-ip={layout.NODE_IP}",
        "--volume-plugin-dir=/var/lib/kubelet/volume-plugins",
    ],
    "kube-proxy": [
        "kube-proxy",
        ADMIN,
        f"--hostname-override={layout.NODE_NAME}",
        f"--cluster-cidr={layout.PODS}",
        "--proxy-mode=iptables",
        "--oom-score-adj=0",
        # These are of the whole machine.
        "--conntrack-max-per-core=0",
        "--conntrack-tcp-timeout-established=0",
        "--conntrack-tcp-timeout-close-wait=0",
    ],
    "policies": [sys.executable, "-B", str(ON_NODE.code), "policies"],
    "metrics": [sys.executable, "-B", str(ON_NODE.code), "metrics"],
}


class State:
    """What has become of the node, for the commands on the machine."""

    def __init__(self, path: Path, only_api: bool) -> None:
        self.path = path
        self.content = {"phases": [], "only_api": only_api, "ready": False, "failure": None}

    def phase(self, name: str) -> None:
        self.content["phases"].append([name, time.time()])
        self.write()

    def ready(self) -> None:
        self.content["ready"] = True
        self.phase("ready")

    def fail(self, why: str) -> None:
        self.content |= {"ready": False, "failure": why}
        self.write()

    def write(self) -> None:
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps(self.content))
        new.rename(self.path)


class Node:
    def __init__(self, state: State) -> None:
        self.state = state
        self.running: dict[str, subprocess.Popen] = {}
        self.env = os.environ | {"PATH": f"{ON_NODE.built}/bin:{os.environ['PATH']}"}

    def start(self, *names: str) -> None:
        for name in names:
            with (ON_NODE.logs / f"{name}.log").open("wb") as log:
                self.running[name] = subprocess.Popen(
                    PARTS[name],
                    env=self.env,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    # The provisioner of volumes makes them for whichever user a pod has.
                    umask=0 if name == "kube-controller-manager" else -1,
                )

    def wait(self, what: str, limit: float, probe: Callable[[], object]) -> None:
        def watched() -> object:
            for name, process in self.running.items():
                if process.poll() is not None:
                    raise console.Failure(ended(name, process.returncode))
            return probe()

        console.wait(what, limit, watched)

    def ctr(self, *arguments: str) -> bool:
        command = ["ctr", "--namespace", "k8s.io", *arguments]
        done = subprocess.run(command, check=False, env=self.env, capture_output=True, timeout=120)
        if done.returncode:
            raise OSError(done.stderr.decode().strip())
        return True

    def stay(self) -> None:
        """Until a part ends. Orphans of containers become children of this process, too."""
        names = {process.pid: name for name, process in self.running.items()}
        while True:
            pid, status = os.wait()
            if pid in names:
                code = os.waitstatus_to_exitcode(status)
                raise console.Failure(ended(names[pid], code))


def ended(name: str, code: int) -> str:
    how = f"exit code {code}" if code >= 0 else f"signal {-code}"
    log = ON_NODE.logs / f"{name}.log"
    tail = log.read_text(errors="replace").splitlines()[-20:]
    return "\n".join([f"{name} ended with {how}; the end of its log:", *tail])


def main(folder: Path, only_api: bool) -> None:
    mount_folder(folder)
    state = State(ON_NODE.state, only_api)
    try:
        state.phase("mounts and network")
        prepare_mounts()
        prepare_network()
        node = Node(state)
        start(node, only_api)
        state.ready()
        node.stay()
    except (console.Failure, OSError, subprocess.SubprocessError) as error:
        state.fail(str(error))
        raise SystemExit(1) from None


def start(node: Node, only_api: bool) -> None:
    api = Api(KEYS)
    node.state.phase("etcd and the API server")
    node.start("etcd")
    node.wait("etcd", 30, is_etcd_healthy)
    node.start("kube-apiserver")
    if only_api:
        node.wait("the API server", 60, api.is_ready)
        return
    node.start("containerd")
    node.wait("containerd", 30, lambda: node.ctr("version"))
    for image in sorted((ON_NODE.built / "images").iterdir()):
        node.ctr("images", "import", str(image))
    node.wait("the API server", 60, api.is_ready)

    node.state.phase("the node")
    node.start("kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy")
    node.start("policies", "metrics")
    create_objects(node, api)
    node.wait("a node that is ready", 60, lambda: is_node_ready(api))

    node.state.phase("DNS, accounts, metrics")
    dns = "/apis/apps/v1/namespaces/kube-system/deployments/cluster-dns"
    node.wait("DNS", 60, lambda: api.get(dns)["status"].get("availableReplicas"))
    account = "/api/v1/namespaces/default/serviceaccounts/default"
    node.wait("the account of pods", 60, lambda: api.get(account).get("secrets"))
    # Available, not yet with numbers: the first come after some seconds more.
    node.wait("metrics", 60, lambda: api.get("/apis/metrics.k8s.io/v1beta1")["resources"])


def is_etcd_healthy() -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open("http://127.0.0.1:2379/health", timeout=5) as answer:
        return json.load(answer)["health"] == "true"


def is_node_ready(api: Api) -> bool:
    status = api.get(f"/api/v1/nodes/{layout.NODE_NAME}")["status"]
    return any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions", []))


def create_objects(node: Node, api: Api) -> None:
    text = (ON_NODE.config / "objects.yaml").read_text()
    for document in text.split("\n---\n"):
        path = re.search(r"^# (/\S+)$", document, re.MULTILINE).group(1)
        # Shortly after its start the server has no namespaces and no addresses of Services yet.
        node.wait(f"an object of {path}", 30, lambda p=path, d=document: api.create(p, d))


def mount_folder(folder: Path) -> None:
    mount("--bind", folder, layout.NODE_FOLDER)


def prepare_mounts() -> None:
    mount("--bind", ON_NODE.temporary, "/tmp")
    mount("--bind", ON_NODE.var, "/var")
    mount("-t", "tmpfs", "-o", "mode=755", "node", "/run")
    sysctls = ON_NODE.at / "sysctl"
    for name, value in SYSCTLS.items():
        file = sysctls / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{value}\n")
        mount("--bind", file, Path("/proc/sys") / name)
    # What would be written elsewhere would stay on the machine: that is refused.
    mount("-o", "remount,bind,ro", "/")


def prepare_network() -> None:
    # `up` moves one end of the link in here.
    console.wait("the link to the machine", 30, has_link)
    ip("link", "set", "lo", "up")
    ip("address", "add", f"{layout.NODE_IP}/{layout.LINK_PREFIX}", "dev", "eth0")
    ip("link", "set", "eth0", "up")
    # The node's own processes need a route to Services before kube-proxy can change the address.
    ip("route", "add", layout.SERVICES, "dev", "eth0")
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def has_link() -> bool:
    return "eth0" in [name for _, name in socket.if_nameindex()]


def mount(*arguments: object) -> None:
    command(["mount", *map(str, arguments)])


def ip(*arguments: str) -> None:
    command(["ip", *arguments])


def command(words: list[str]) -> None:
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=30)
    if done.returncode:
        raise console.Failure(f"{' '.join(words)}: {done.stderr.strip()}")

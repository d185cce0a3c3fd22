"""Where the cluster keeps its files, how it is named and addressed. Reads and writes no file.

The node runs in namespaces of its own: mounts, network, processes. In there the cluster's folder is
/srv, and /run, /tmp and /var are empty at first, so that every program may use its usual paths.
"""

import os
from pathlib import Path

CODE = Path(__file__).resolve().parent

# Of the context in the kubeconfig, of the interface and of the cgroup.
NAME = "mlops-lab-ci"
NODE_NAME = "node"

# The link between the machine and the node; no other packet leaves the node.
MACHINE_IP = "10.213.0.1"
NODE_IP = "10.213.0.2"
LINK_PREFIX = 30
PODS = "10.213.64.0/24"
SERVICES = "10.213.128.0/24"
API_SERVICE_IP = "10.213.128.1"
DNS_IP = "10.213.128.10"

API_PORT = 6443
METRICS_PORT = 4443

# Everything that is started has this variable, so that `down` finds it without any record.
MARK = "MLOPS_LAB_CLUSTER_RUN"


def folder() -> Path:
    chosen = os.environ.get("MLOPS_LAB_CLUSTER")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(chosen or cache / "mlops-lab-ci" / "cluster").resolve()


class Run:
    """The files of the running cluster, which go when it goes."""

    def __init__(self, at: Path) -> None:
        self.at = at / "run"
        self.built = self.at / "built"
        self.code = self.at / "code"
        self.config = self.at / "config"
        self.keys = self.at / "keys"
        self.kubeconfig = self.at / "kubeconfig"
        self.load = self.at / "load"
        self.logs = self.at / "logs"
        self.pack = self.at / "pack"
        self.state = self.at / "state.json"
        self.temporary = self.at / "tmp"
        self.var = self.at / "var"


# The same files as the node sees them.
NODE_FOLDER = Path("/srv")
ON_NODE = Run(NODE_FOLDER)


def names() -> dict[str, str]:
    """What the files in `config` and `objects.yaml` have for `$NAME`."""
    return {
        "API_PORT": str(API_PORT),
        "BUILT": str(ON_NODE.built),
        "CGROUP": NAME,
        "CONFIG": str(ON_NODE.config),
        "DNS_IP": DNS_IP,
        "KEYS": str(ON_NODE.keys),
        "METRICS_PORT": str(METRICS_PORT),
        "NODE_IP": NODE_IP,
        "PODS": PODS,
    }

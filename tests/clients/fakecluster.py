"""The store behind apiserver.py, and the controllers that act on it."""

import hashlib
import json
import re
import threading
import time
import uuid

# group/version: plural Kind [short], with a ! before what belongs to the whole cluster.
KINDS = """
v1: !namespaces Namespace ns, pods Pod po, services Service svc, configmaps ConfigMap cm
v1: secrets Secret, events Event ev, !nodes Node no
v1: persistentvolumeclaims PersistentVolumeClaim pvc, !persistentvolumes PersistentVolume pv
v1: serviceaccounts ServiceAccount sa
v1: replicationcontrollers ReplicationController rc, endpoints Endpoints ep
v1: resourcequotas ResourceQuota quota
apps/v1: deployments Deployment deploy, statefulsets StatefulSet sts
apps/v1: daemonsets DaemonSet ds, replicasets ReplicaSet rs
batch/v1: jobs Job, cronjobs CronJob cj
policy/v1: poddisruptionbudgets PodDisruptionBudget pdb
autoscaling/v2: horizontalpodautoscalers HorizontalPodAutoscaler hpa
networking.k8s.io/v1: networkpolicies NetworkPolicy netpol, ingresses Ingress ing
rbac.authorization.k8s.io/v1: roles Role, rolebindings RoleBinding
rbac.authorization.k8s.io/v1: !clusterroles ClusterRole, !clusterrolebindings ClusterRoleBinding
apiextensions.k8s.io/v1: !customresourcedefinitions CustomResourceDefinition crd
storage.k8s.io/v1: !storageclasses StorageClass sc
authorization.k8s.io/v1: !selfsubjectaccessreviews SelfSubjectAccessReview
"""
VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]

# The state that a container reports. The messages are those of the kubelet of Kubernetes 1.36, on a
# node without a network.
STATES = {
    "starting": {"waiting": {"reason": "ContainerCreating"}},
    "ready": {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
    "unready": {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
    "pull": {
        "waiting": {
            "reason": "ImagePullBackOff",
            "message": "Back-off pulling image {image}: ErrImagePull: "
            "failed to pull and unpack image docker.io/library/{image}: failed to resolve image: "
            "failed to do request: dial tcp: lookup registry: no such host",
        }
    },
    "crash": {
        "waiting": {
            "reason": "CrashLoopBackOff",
            "message": "back-off 5m0s restarting failed container",
        }
    },
    "unschedulable": None,
    "done": {"terminated": {"exitCode": 0, "reason": "Completed"}},
}
UNSCHEDULABLE = (
    "0/1 nodes are available: 1 Insufficient memory. "
    "preemption: 0/1 nodes are available: 1 No preemption victims found."
)
FORBIDDEN = (
    'pods "{name}-" is forbidden: violates PodSecurity "restricted:latest": '
    "allowPrivilegeEscalation != false"
)


class Failure(Exception):
    """A Status that is no success."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": reason,
            "code": code,
        }


def merge(old: dict, new: dict) -> dict:
    """The patch laid over an object: maps are merged, lists replaced, null takes away."""
    merged = dict(old)
    for key, value in new.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = value
    return merged


def selects(selector: str, labels: dict) -> bool:
    for part in filter(None, selector.split(",")):
        name, unequal, value = re.match(r"([^!=]+)(!?)=*(.*)", part).groups()
        if (
            "=" in part
            and (labels.get(name) == value) == bool(unequal)
            or "=" not in part
            and name not in labels
        ):
            return False
    return True


def owner(pod: dict) -> str | None:
    """The uid of the workload that a pod belongs to."""
    return next(
        (reference["uid"] for reference in pod["metadata"].get("ownerReferences", [])), None
    )


class Cluster:
    """The store, and the controllers that act on it when it is looked at."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.version = 0
        self.objects: dict[tuple, dict] = {}
        self.looks: dict[str, int] = {}
        self.requests: list[dict] = []
        self.script: dict = {
            "workloads": {},
            "refuse": {},
            "pods": {},
            "namespace_looks": 0,
            "established_after": 2,
        }
        self.resources: dict[tuple, dict] = {}
        for line in KINDS.strip().splitlines():
            where, names = line.split(": ")
            for word in names.split(", "):
                plural, kind, *short = word.split()
                group, _, version = where.rpartition("/")
                self.serve(
                    group, version, plural.lstrip("!"), kind, not plural.startswith("!"), short
                )
        self.put(
            {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {"name": "node"},
                "status": {
                    "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"},
                    "conditions": [{"type": "Ready", "status": "True"}],
                },
            }
        )
        self.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})

    def serve(
        self, group: str, version: str, plural: str, kind: str, namespaced: bool, short: list[str]
    ) -> None:
        self.resources[group, version, plural] = {
            "kind": kind,
            "namespaced": namespaced,
            "short": short,
        }

    def resource(self, version: str, kind: str) -> tuple[str, str, str]:
        group, _, number = version.rpartition("/")
        for (known, served, plural), resource in self.resources.items():
            if (known, served, resource["kind"]) == (group, number, kind):
                return group, number, plural
        raise Failure(404, "NotFound", f"no matches for kind {kind} in version {version}")

    def put(self, new: dict) -> dict:
        """Stores an object; what a server sets is set."""
        group, _, plural = self.resource(new["apiVersion"], new["kind"])
        meta = new["metadata"]
        key = (group, plural, meta.get("namespace", ""), meta["name"])
        old = self.objects.get(key)
        self.version += 1
        meta.setdefault("uid", str(uuid.uuid4()))
        meta.setdefault("creationTimestamp", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        meta["resourceVersion"] = str(self.version)
        changed = old is None or old.get("spec") != new.get("spec")
        meta["generation"] = (old["metadata"]["generation"] if old else 0) + (1 if changed else 0)
        if new["kind"] == "Namespace":
            new.setdefault("status", {"phase": "Active"})
            new.setdefault("spec", {"finalizers": ["kubernetes"]})
        if changed:
            self.looks[str(key)] = 0
        self.objects[key] = new
        return new

    def delete(self, key: tuple) -> None:
        item = self.objects[key]
        plural = key[1]
        if plural in ("namespaces", "pods"):
            # They end when they have been looked at some more.
            if "deletionTimestamp" not in item["metadata"]:
                item["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
                self.looks[str(key)] = 0
            if plural == "namespaces":
                item["status"] = {"phase": "Terminating"}
            return
        del self.objects[key]
        if plural == "customresourcedefinitions":
            for version in item["spec"]["versions"]:
                self.resources.pop(
                    (item["spec"]["group"], version["name"], item["spec"]["names"]["plural"]), None
                )
            for other in [other for other in self.objects if other[0] == item["spec"]["group"]]:
                del self.objects[other]

    def look(self, plural: str, namespace: str) -> None:
        """Somebody looks: time goes on by one tick for what is looked at."""
        for key, item in list(self.objects.items()):
            self.looks[str(key)] = self.looks.get(str(key), 0) + (
                1 if self.is_looked_at(key, plural, namespace) else 0
            )
            looks = self.looks[str(key)]
            if (
                key[1] == "namespaces"
                and item["status"]["phase"] == "Terminating"
                and looks > self.script["namespace_looks"]
            ):
                for other in [
                    other for other in self.objects if other[2] == key[3] or other == key
                ]:
                    del self.objects[other]
            if key[1] == "pods" and "deletionTimestamp" in item["metadata"] and looks > 1:
                self.objects.pop(key, None)
            if (
                key[1] == "customresourcedefinitions"
                and looks >= self.script["established_after"]
                and "status" not in item
            ):
                self.establish(item)
        for item in [
            item
            for key, item in self.objects.items()
            if key[0] in ("apps", "batch") and "template" in item.get("spec", {})
        ]:
            self.control(item)
        self.collect()

    def is_looked_at(self, key: tuple, plural: str, namespace: str) -> bool:
        if key[0] in ("apps", "batch"):
            return plural == "deployments" and namespace in (key[2], "")
        return plural == key[1] and namespace in (key[2], "")

    def establish(self, item: dict) -> None:
        spec = item["spec"]
        for version in spec["versions"]:
            self.serve(
                spec["group"],
                version["name"],
                spec["names"]["plural"],
                spec["names"]["kind"],
                spec["scope"] == "Namespaced",
                [],
            )
        item["status"] = {
            "conditions": [
                {"type": "NamesAccepted", "status": "True"},
                {"type": "Established", "status": "True"},
            ]
        }
        self.put(item)

    def control(self, item: dict) -> None:
        """What the controller of a workload does: pods of its newest template, and a status."""
        meta, spec = item["metadata"], item["spec"]
        script = self.script["workloads"].get(meta["name"], {})
        group, _, plural = self.resource(item["apiVersion"], item["kind"])
        key = str((group, plural, meta["namespace"], meta["name"]))
        state = (
            script.get("becomes", "ready")
            if self.looks.get(key, 0) >= script.get("after", 0)
            else "starting"
        )
        replicas = 1 if item["kind"] in ("Job", "DaemonSet") else spec.get("replicas", 1)
        if item["kind"] == "Job" and state == "ready":
            state = "done"
        ready = replicas if state in ("ready", "done") else 0
        wanted = [] if state in ("refused", "failed") else self.pods_of(item, replicas, state)
        for number, pod in enumerate(wanted):
            known = self.objects.get(("", "pods", meta["namespace"], pod["metadata"]["name"]))
            if (
                known is None
                or known["status"] != pod["status"]
                and "deletionTimestamp" not in known["metadata"]
            ):
                self.put(pod)
            for claim in spec.get("volumeClaimTemplates", []):
                name = f"{claim['metadata']['name']}-{meta['name']}-{number}"
                if ("", "persistentvolumeclaims", meta["namespace"], name) not in self.objects:
                    self.put(
                        merge(
                            claim,
                            {
                                "apiVersion": "v1",
                                "kind": "PersistentVolumeClaim",
                                "status": {"phase": "Bound"},
                                "metadata": {"name": name, "namespace": meta["namespace"]},
                            },
                        )
                    )
        names = {pod["metadata"]["name"] for pod in wanted}
        for key, pod in list(self.objects.items()):
            if key[1] == "pods" and owner(pod) == meta["uid"] and key[3] not in names:
                self.delete(key)
        count = len(wanted)
        status: dict = {
            "observedGeneration": meta["generation"],
            "replicas": count,
            "updatedReplicas": count,
            "readyReplicas": ready,
            "availableReplicas": ready,
            "conditions": [],
        }
        if item["kind"] == "StatefulSet":
            status |= {"currentRevision": "a", "updateRevision": "a"}
        if item["kind"] == "DaemonSet":
            status |= {
                "desiredNumberScheduled": 1,
                "updatedNumberScheduled": count,
                "numberAvailable": ready,
            }
        if item["kind"] == "Job":
            done = {"ready": "Complete", "done": "Complete", "failed": "Failed"}.get(state)
            status = {
                "active": count - ready,
                "conditions": [
                    {
                        "type": done,
                        "status": "True",
                        "reason": "BackoffLimitExceeded",
                        "message": "Job has reached the specified backoff limit",
                    }
                ]
                if done
                else [],
            }
        if state == "refused":
            words = FORBIDDEN.format(name=meta["name"])
            if item["kind"] == "Deployment":
                status["conditions"] = [
                    {
                        "type": "ReplicaFailure",
                        "status": "True",
                        "reason": "FailedCreate",
                        "message": words,
                    }
                ]
            self.event(
                item,
                "FailedCreate",
                f"create Pod in {item['kind']} {meta['name']} failed error: {words}",
            )
        if item.get("status") != status:
            item["status"] = status
            self.put(item)

    def pods_of(self, item: dict, replicas: int, state: str) -> list[dict]:
        meta, template = item["metadata"], item["spec"]["template"]
        digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:5]
        names = [
            f"{meta['name']}-{n}"
            if item["kind"] == "StatefulSet"
            else f"{meta['name']}-{digest}-{n}"
            for n in range(replicas)
        ]
        return [
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "spec": template["spec"],
                "status": self.pod_status(template["spec"], state),
                "metadata": {
                    "name": name,
                    "namespace": meta["namespace"],
                    "labels": template.get("metadata", {}).get("labels", {}),
                    "ownerReferences": [
                        {
                            "apiVersion": item["apiVersion"],
                            "kind": item["kind"],
                            "name": meta["name"],
                            "uid": meta["uid"],
                        }
                    ],
                },
            }
            for name in names
        ]

    def pod_status(self, spec: dict, state: str) -> dict:
        if state == "unschedulable":
            return {
                "phase": "Pending",
                "conditions": [
                    {
                        "type": "PodScheduled",
                        "status": "False",
                        "reason": "Unschedulable",
                        "message": UNSCHEDULABLE,
                    }
                ],
            }

        def status(container: dict, words: dict | None) -> dict:
            crashed = state == "crash" and container in spec["containers"]
            return {
                "name": container["name"],
                "image": container["image"],
                "ready": state == "ready",
                "restartCount": 6 if crashed else 0,
                "state": json.loads(json.dumps(words).replace("{image}", container["image"])),
                "lastState": {"terminated": {"exitCode": 3, "reason": "Error"}} if crashed else {},
            }

        first = spec.get("initContainers", [])
        stuck = bool(first) and state in ("starting", "pull")
        init = [status(container, STATES[state if stuck else "done"]) for container in first]
        containers = [
            status(
                container, {"waiting": {"reason": "PodInitializing"}} if stuck else STATES[state]
            )
            for container in spec["containers"]
        ]
        phase = {
            "ready": "Running",
            "unready": "Running",
            "crash": "Running",
            "done": "Succeeded",
        }.get(state, "Pending")
        conditions = [
            {"type": "PodScheduled", "status": "True"},
            {"type": "Ready", "status": "True" if state == "ready" else "False"},
        ]
        return {
            "phase": phase,
            "initContainerStatuses": init,
            "containerStatuses": containers,
            "conditions": conditions,
        }

    def event(self, item: dict, reason: str, message: str) -> None:
        meta = item["metadata"]
        self.put(
            {
                "apiVersion": "v1",
                "kind": "Event",
                "reason": reason,
                "message": message,
                "type": "Warning",
                "count": 1,
                "metadata": {
                    "name": f"{meta['name']}.{reason.lower()}",
                    "namespace": meta["namespace"],
                },
                "involvedObject": {
                    "kind": item["kind"],
                    "name": meta["name"],
                    "namespace": meta["namespace"],
                },
            }
        )

    def collect(self) -> None:
        """The garbage collector: pods without an owner go."""
        owners = {item["metadata"]["uid"] for item in self.objects.values()} | {None}
        for key, item in list(self.objects.items()):
            if key[1] == "pods" and owner(item) not in owners:
                self.delete(key)

    def find(self, group: str, plural: str, namespace: str, query: dict) -> list[dict]:
        items = [
            item
            for key, item in self.objects.items()
            if key[:2] == (group, plural) and namespace in ("", key[2])
        ]
        items = [
            item
            for item in items
            if selects(query.get("labelSelector", ""), item["metadata"].get("labels", {}))
        ]
        flat = [
            (
                item,
                {f"metadata.{name}": item["metadata"].get(name) for name in ("name", "namespace")},
            )
            for item in items
        ]
        return [item for item, fields in flat if selects(query.get("fieldSelector", ""), fields)]

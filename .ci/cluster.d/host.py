"""The machine's side of the cluster: starts the node, finds what runs, removes what stays.

Nothing is recorded of what was started: processes carry a mark in their environment, and those of
the node, their mounts, interfaces and iptables rules live in namespaces that end with its first
process.
"""

import fcntl
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template

import console
import keys
import layout
from build import run
from layout import Run

CGROUPS = Path("/sys/fs/cgroup")


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """One command at a time. The kernel gives the lock back when its holder is killed."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:

        def try_lock() -> bool:
            # BlockingIOError is an OSError: wait on.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True

        console.wait("another command of this cluster to end", 1800, try_lock)
        yield


def marks() -> Iterator[tuple[int, str]]:
    """All processes that have the mark, and the folder of the run that they belong to."""
    wanted = f"{layout.MARK}=".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
        except OSError:
            # It has just ended.
            continue
        for variable in environment.split(b"\0"):
            if variable.startswith(wanted):
                yield int(folder.name), os.fsdecode(variable[len(wanted) :])


def processes(at: Run) -> list[int]:
    """All that was started, but for what runs in containers: the build, the node's parts."""
    return [pid for pid, run in marks() if run == str(at.at)]


def first_process(at: Run) -> int | None:
    """The machine's number of the process that is number 1 on the node."""
    for pid in processes(at):
        numbers = process_numbers(pid)
        if len(numbers) > 1 and numbers[-1] == "1":
            return pid
    return None


def process_numbers(pid: int) -> list[str]:
    """What a process is called in each of its namespaces, the machine's first."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return []
    return re.search(r"^NSpid:(.*)$", status, re.MULTILINE).group(1).split()


def read_state(at: Run) -> dict:
    try:
        return json.loads(at.state.read_text())
    except FileNotFoundError:
        return {"phases": [], "ready": False, "failure": None}


def prepare(at: Run, built: Path) -> None:
    """Everything that the node reads, before there is a node."""
    for path in (at.config, at.logs, at.temporary, at.var):
        path.mkdir(parents=True)
    at.temporary.chmod(0o1777)
    for name in ("lib", "log", "tmp"):
        (at.var / name).mkdir()
    (at.var / "run").symlink_to("/run")
    at.built.symlink_to(f"../{built.name}")
    shutil.copytree(layout.CODE, at.code, ignore=shutil.ignore_patterns("*.go", "__pycache__"))
    templates = layout.CODE / "config"
    for path in [*templates.rglob("*.*"), layout.CODE / "objects.yaml"]:
        inside = path.relative_to(templates) if path.is_relative_to(templates) else Path(path.name)
        to = at.config / inside
        to.parent.mkdir(exist_ok=True)
        to.write_text(Template(path.read_text()).substitute(layout.names()))
    command = layout.CODE.parent / "cluster"
    # A program for `--load`, which finds this folder again.
    folder = f"MLOPS_LAB_CLUSTER={shlex.quote(str(at.at.parent))}"
    at.load.write_text(f"#!/bin/sh\n{folder} exec {shlex.quote(str(command))} load\n")
    at.load.chmod(0o755)
    keys.make_keys(at.keys)
    for path, who in ((at.kubeconfig, "admin"), (at.at / "node.kubeconfig", "node")):
        path.touch(mode=0o600)
        path.write_text(keys.kubeconfig(at.keys, who))


def make_cgroups() -> None:
    """kubelet wants a cgroup of its own to be there, in every hierarchy."""
    for root in hierarchies():
        group = root / layout.NAME
        group.mkdir(exist_ok=True)
        for name in ("cpuset.cpus", "cpuset.mems"):
            # In the first version of cgroups they are empty at first, and no process may join.
            if (group / name).exists() and not (group / name).read_text().strip():
                (group / name).write_text((root / name).read_text())


def hierarchies() -> list[Path]:
    if (CGROUPS / "cgroup.controllers").exists():
        return [CGROUPS]
    return [path for path in CGROUPS.iterdir() if path.is_dir() and not path.is_symlink()]


def start_node(folder: Path, only_api: bool) -> None:
    at = Run(folder)
    namespaces = ["unshare", "--fork", "--kill-child", "--mount", "--net", "--pid", "--mount-proc"]
    verb = [sys.executable, "-B", str(at.code), "node", str(folder)]
    if only_api:
        verb.append("--api")
    # A clean environment: no proxy and no setting of the caller's shell reaches the cluster.
    env = {
        "HOME": "/tmp",
        "LANG": "C.UTF-8",
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        layout.MARK: str(at.at),
    }
    with (at.logs / "node.log").open("wb") as log:
        process = subprocess.Popen(
            [*namespaces, *verb],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd="/",
        )

    def is_there() -> bool:
        if process.poll() is not None:
            raise console.Failure(f"the node ended at once\n{tail(at)}")
        return first_process(at) is not None

    console.wait("the node's first process", 10, is_there)
    link(first_process(at))


def link(pid: int) -> None:
    name = layout.NAME
    peer = ["peer", "name", "eth0", "netns", str(pid)]
    run("ip", "link", "add", name, "type", "veth", *peer, timeout=30)
    address = f"{layout.MACHINE_IP}/{layout.LINK_PREFIX}"
    run("ip", "address", "add", address, "dev", name, timeout=30)
    run("ip", "link", "set", name, "up", timeout=30)
    # So that an answer to a pod goes back to the node, and not to the machine's gateway.
    run("ip", "route", "add", layout.PODS, "via", layout.NODE_IP, timeout=30)


def wait_ready(at: Run) -> None:
    """Reports each phase as it ends. The node's own waits have limits; this one is above them."""
    reported = 0

    def is_ready() -> bool:
        nonlocal reported
        alive = first_process(at)
        state = read_state(at)
        phases = state["phases"]
        for (name, began), (_, end) in zip(phases[reported:], phases[reported + 1 :], strict=False):
            console.report(f"{end - began:6.1f} s  {name}")
            reported += 1
        if state["failure"]:
            raise console.Failure(f"{state['failure']}\nlogs: {at.logs}")
        if not alive:
            raise console.Failure(f"the node ended\n{tail(at)}\nlogs: {at.logs}")
        return state["ready"]

    console.wait("the cluster", 400, is_ready)


def tail(at: Run) -> str:
    try:
        return "\n".join((at.logs / "node.log").read_text().splitlines()[-20:])
    except FileNotFoundError:
        return ""


def stop(at: Run) -> None:
    """Ends the node: with its first process the kernel ends all others, containers included."""

    def is_gone() -> bool:
        first = first_process(at)
        left = [first] if first else processes(at)
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return not left

    console.wait("the node's processes to end", 60, is_gone)


def clean(at: Run) -> None:
    """Removes what outlives the node: its link, its cgroups and its files. A machine without those
    files has no cluster of this folder; the rest may be another's."""
    if at.at.exists():
        remove_link()
        console.wait("the cgroups to be empty", 60, remove_cgroups)
        shutil.rmtree(at.at)


def remove_link() -> None:
    """The kernel removes it with the node's network, but on a busy machine only minutes later."""
    if layout.NAME in [name for _, name in socket.if_nameindex()]:
        # It may have gone since.
        command = ["ip", "link", "delete", layout.NAME]
        subprocess.run(command, check=False, capture_output=True, timeout=30)


def refuse_another(at: Run) -> None:
    """The addresses, the link and the cgroup are for one cluster on a machine."""
    for _, other in marks():
        if other != str(at.at):
            folder = shlex.quote(str(Path(other).parent))
            raise console.Failure(
                f"a cluster of another folder is up: MLOPS_LAB_CLUSTER={folder} .ci/cluster down"
            )


def remove_cgroups() -> bool:
    for root in hierarchies():
        for folder, _, _ in os.walk(root / layout.NAME, topdown=False):
            os.rmdir(folder)
    return True

"""Kills `up` and the node in each phase of a start: what is left must not disturb the next command,
and after `down` nothing may be there.
"""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import console
import host
import layout
from layout import Run

COMMAND = str(layout.CODE.parent / "cluster")
# As node.py names them.
PHASES = ["etcd and the API server", "the node", "DNS, accounts, metrics", "ready"]


def kills(at: Run) -> int:
    if host.first_process(at):
        raise console.Failure("a cluster is up: .ci/cluster down")
    failures = 0
    for phase in PHASES:
        for victim in ("up", "node"):
            kill_in(at, phase, victim)
            # Every other time a new start has to cope with what is left.
            if victim == "up":
                run("up", "--folder")
                run("up", "--folder")
            run("down")
            left = traces(at)
            failures += bool(left)
            console.report(
                f"{'FAIL' if left else 'ok  '}  {victim} killed in `{phase}` {left or ''}"
            )
    return int(failures > 0)


def kill_in(at: Run, phase: str, victim: str) -> None:
    quiet = subprocess.DEVNULL
    process = subprocess.Popen([COMMAND, "up"], stdout=quiet, stderr=quiet, start_new_session=True)

    def has_begun() -> bool:
        return phase in [name for name, _ in host.read_state(at)["phases"]]

    try:
        console.wait(f"the phase {phase}", 1800, has_begun)
        pid = process.pid if victim == "up" else host.first_process(at)
        if pid:
            os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        # It was faster.
        pass
    process.wait(timeout=120)


def run(*arguments: str) -> None:
    done = subprocess.run(
        [COMMAND, *arguments], check=False, capture_output=True, text=True, timeout=1800
    )
    if done.returncode:
        raise console.Failure(f"cluster {' '.join(arguments)}:\n{done.stderr}")


def traces(at: Run) -> list[str]:
    """What is there of a cluster, on a machine that has none."""
    found = [f"process {pid}" for pid in host.processes(at)]
    found += [f"cgroup {root / layout.NAME}" for root in host.hierarchies() if has_group(root)]
    folder = str(at.at.parent)
    found += [f"mount {line}" for line in lines("/proc/mounts") if folder in line]
    links = subprocess.run(["ip", "-o", "link"], check=True, capture_output=True, text=True)
    found += [f"link {line}" for line in links.stdout.splitlines() if layout.NAME in line]
    # Ours and kube-proxy's chains belong to the node alone.
    program = shutil.which("iptables-save", path="/usr/sbin:/sbin:/usr/bin")
    rules = subprocess.run([str(program)], check=True, capture_output=True, text=True)
    found += [f"rule {line}" for line in rules.stdout.splitlines() if "MLOPS-LAB-" in line]
    if at.at.exists():
        found.append(f"folder {at.at}")
    return found


def has_group(root: Path) -> bool:
    return (root / layout.NAME).exists()


def lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()

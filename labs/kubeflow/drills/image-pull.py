"""The release that hangs: image-pull.py break | quiet | undo | fix

break  starts a run whose tasks need an image that does not exist
quiet  whether no pod waits for an image
undo   stops the run that `break` has started, and nothing else
fix    stops what is not over, and submits the committed pipeline
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, ".")
from cluster.kfp import OVER, PIPELINE, Kfp, KfpError

IMAGE = "<[ project_name ]>-pipeline:local"
TYPO = "<[ project_name ]>-pipeline:loca1"
RELEASE = f"{PIPELINE}-release"
WAITING = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")


def start_the_wrong_one(kfp: Kfp) -> None:
    text = Path("ir/pipeline.yaml").read_text("utf-8")
    broken = text.replace(IMAGE, TYPO)
    if broken == text:
        raise KfpError(f"ir/pipeline.yaml does not name the image {IMAGE}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pipeline.yaml"
        path.write_text(broken, "utf-8")
        kfp.start(kfp.version(path), {}, RELEASE)


def waiting() -> list[str]:
    """The pods that wait for an image, each with the reason."""
    done = subprocess.run(
        ["kubectl", "get", "pods", "--output=json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode != 0:
        print(done.stderr.strip() or "kubectl failed", file=sys.stderr)
        sys.exit(3)
    found = []
    for pod in json.loads(done.stdout)["items"]:
        status = pod.get("status", {})
        for container in status.get("initContainerStatuses", []) + status.get(
            "containerStatuses", []
        ):
            reason = container.get("state", {}).get("waiting", {}).get("reason")
            if reason in WAITING:
                found.append(f"{pod['metadata']['name']} waits for {container['image']} ({reason})")
    return found


def quiet() -> int:
    found = waiting()
    if found:
        print(f"not yet: pod {found[0]}")
    return 1 if found else 0


def stop(kfp: Kfp, name: str = "") -> int:
    """Ends the runs that are not over, or those of them with this name."""
    for run in kfp.runs():
        if run.get("state") not in OVER and name in ("", run.get("display_name")):
            kfp.stop(run["run_id"])
    end = time.monotonic() + 120
    while waiting() and time.monotonic() < end:
        time.sleep(2)
    return 0


def fix(kfp: Kfp) -> int:
    stop(kfp)
    submit = [sys.executable, "-m", "cluster.submit"]
    return subprocess.run(submit, timeout=900, check=False).returncode


def main() -> int:
    try:
        match sys.argv[1:]:
            case ["break"]:
                start_the_wrong_one(Kfp())
            case ["quiet"]:
                return quiet()
            case ["undo"]:
                return stop(Kfp(), RELEASE)
            case ["fix"]:
                return fix(Kfp())
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except KfpError as error:
        print(f"error: {error}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())

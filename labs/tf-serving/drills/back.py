"""Takes the drill's release out again: label, policy, folder; waits until the server follows."""

import json
import shutil
import time

import releases

import lab  # the checks', by releases
import live


def answer_of(path: str) -> dict | None:
    """What the server answers; none where nothing runs."""
    try:
        with live.OPENER.open(f"{lab.API}{lab.MODEL}{path}", timeout=5) as answer:
            return json.load(answer)
    except OSError as error:
        return {} if hasattr(error, "code") else None


def follows(number: int) -> bool:
    """Whether the server has let go of it, or none runs."""
    label, status = answer_of("/labels/stable/metadata"), answer_of("")
    if label is None or status is None:
        return True
    states = {one["version"]: one["state"] for one in status.get("model_version_status", [])}
    meant = label.get("model_spec", {}).get("version")
    return meant not in (None, str(number)) and states.get(str(number)) != "AVAILABLE"


for number, replaced in releases.released().items():
    if releases.stable() == number:
        releases.label(replaced)
    releases.drop(number)
    end = time.monotonic() + 30
    while not follows(number) and time.monotonic() < end:
        time.sleep(0.2)
    shutil.rmtree(releases.MODELS / str(number), ignore_errors=True)

"""Between KServe and the model server: python -m cluster.serve MODEL, in the container.

KServe leaves the files of one model in /mnt/models. The server wants MODEL/VERSION/model.onnx, and
routes to it. So: a folder of links, a routing file, and then the server in place of this program.
"""

import json
import os
import sys
from pathlib import Path

VERSION = "1"


def arrange(model: str, mounted: Path, place: Path) -> dict[str, str]:
    """Lays the model out as the server wants it, and returns the settings for it."""
    if not (mounted / "model.onnx").is_file():
        raise SystemExit(f"error: there is no model.onnx in {mounted}: see storageUri")
    folder = place / "models" / model
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / VERSION
    if not link.is_symlink():
        link.symlink_to(mounted, target_is_directory=True)
    routes = place / "routing.json"
    routes.write_text(json.dumps({model: {VERSION: 100}}), "utf-8")
    return {"MODELS_DIR": str(folder.parent), "ROUTING_FILE": str(routes)}


def main() -> None:
    settings = arrange(sys.argv[1], Path("/mnt/models"), Path("/tmp"))  # noqa: S108 the pod's own
    os.environ.update(settings)
    # In its place, not as its child: the server gets the SIGTERM, and drains.
    os.execv(sys.executable, [sys.executable, "-m", "server"])  # noqa: S606


if __name__ == "__main__":
    main()

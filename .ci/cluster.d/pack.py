"""A copy of the project's labs that asks for no newer cluster than this one."""

import re
import shutil
from pathlib import Path

import layout

PROJECT = layout.CODE.parent.parent


def copy_labs(to: Path, version: str) -> None:
    """Replaces the pack TO. VERSION is the API server's: v1.20.2+mlops-lab."""
    new = to.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    for name in ("labs", "templates"):
        shutil.copytree(PROJECT / name, new / name)
    major, minor, *_ = version.removeprefix("v").split(".")
    for path in new.glob("labs/*/lab.toml"):
        path.write_text(lower(path.read_text(), f"{major}.{minor}"))
    shutil.rmtree(to, ignore_errors=True)
    new.rename(to)


def lower(manifest: str, version: str) -> str:
    return re.sub(r'(\bcluster = ">=)[0-9.]+"', rf'\g<1>{version}"', manifest)

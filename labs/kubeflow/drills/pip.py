"""An environment without pip, and tasks that need it: pip.py lose | restore | fix

The files of the project are saved and put back by the drill itself; pip is kept here.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

SITE = Path(sysconfig.get_path("purelib"))
LAUNCHER = Path(sysconfig.get_path("scripts")) / "pip"
# What was there before: outside of the project, and never shown.
KEPT = Path(os.environ["MLOPS_LAB_RUN"], "empty-log")
SETTING = re.compile(r"install_kfp_package\s*=\s*(False|True)")


def compile_ir() -> None:
    compiler = [sys.executable, "-m", "pipeline.compile"]
    if subprocess.run(compiler, timeout=120, check=False).returncode:
        raise SystemExit("error: the pipeline does not compile")


def packages(folder: Path) -> list[Path]:
    return [*folder.glob("pip"), *folder.glob("pip-*.dist-info")]


def set_to(value: str) -> None:
    """Whether a task installs kfp before it begins, in the source and in the IR."""
    found = [
        path for path in Path("pipeline").rglob("*.py") if SETTING.search(path.read_text("utf-8"))
    ]
    if not found:
        raise SystemExit("error: nothing in pipeline/ sets install_kfp_package")
    for path in found:
        text = path.read_text("utf-8")
        path.write_text(SETTING.sub(f"install_kfp_package={value}", text), "utf-8")
    compile_ir()


def lose() -> None:
    """One change made the environment smaller, another one the decorator shorter."""
    shutil.rmtree(KEPT, ignore_errors=True)
    (KEPT / "site").mkdir(parents=True)
    for package in packages(SITE):
        shutil.move(package, KEPT / "site" / package.name)
    # The launcher stays, as it does where a folder is deleted to save space in an image.
    if not LAUNCHER.exists():
        LAUNCHER.write_text(
            f"#!{sys.executable}\nfrom pip._internal.cli.main import main\n\nmain()\n", "utf-8"
        )
        LAUNCHER.chmod(0o755)
        (KEPT / "launcher").touch()
    set_to("True")


def restore() -> None:
    """pip comes back, however far the learner has come."""
    if not KEPT.exists():
        return
    for package in (KEPT / "site").iterdir():
        if not (SITE / package.name).exists():
            shutil.copytree(package, SITE / package.name)
    if (KEPT / "launcher").exists() and not packages(SITE):
        LAUNCHER.unlink(missing_ok=True)
    shutil.rmtree(KEPT)


match sys.argv[1:]:
    case ["lose"]:
        lose()
    case ["restore"]:
        restore()
    case ["fix"]:  # what the lab's solution does: no task installs anything
        set_to("False")
    case _:
        raise SystemExit(__doc__)

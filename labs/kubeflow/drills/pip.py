"""An environment without pip, and tasks that want it: pip.py lose | restore | mend"""

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
SETTING = re.compile(r"install_kfp_package\s*=\s*False")


def compile_ir() -> bool:
    return subprocess.run([sys.executable, "-m", "pipeline.compile"], check=False).returncode == 0


def packages(folder: Path) -> list[Path]:
    return [*folder.glob("pip"), *folder.glob("pip-*.dist-info")]


def lose() -> None:
    """Somebody has made the environment smaller, and somebody else the decorator shorter."""
    setting = next(
        (
            path
            for path in Path("pipeline").rglob("*.py")
            if SETTING.search(path.read_text("utf-8"))
        ),
        None,
    )
    if setting is None:
        raise SystemExit(
            "error: nothing in pipeline/ says install_kfp_package=False: "
            "put the last drill's change back first"
        )
    shutil.rmtree(KEPT, ignore_errors=True)
    (KEPT / "site").mkdir(parents=True)
    (KEPT / "setting").write_text(str(setting), "utf-8")
    shutil.copy(setting, KEPT / "source.py")
    shutil.copy("ir/pipeline.yaml", KEPT / "ir.yaml")
    for package in packages(SITE):
        shutil.move(package, KEPT / "site" / package.name)
    # The launcher stays, as it does where a folder is deleted to save space in an image.
    if not LAUNCHER.exists():
        LAUNCHER.write_text(
            f"#!{sys.executable}\nfrom pip._internal.cli.main import main\n\nmain()\n", "utf-8"
        )
        LAUNCHER.chmod(0o755)
        (KEPT / "launcher").touch()
    text = setting.read_text("utf-8")
    setting.write_text(SETTING.sub("install_kfp_package=True", text), "utf-8")
    if not compile_ir():
        raise SystemExit("error: the pipeline does not compile")


def restore() -> None:
    """To what was there, however far the learner has come."""
    if not KEPT.exists():
        return
    for package in (KEPT / "site").iterdir():
        if not (SITE / package.name).exists():
            shutil.copytree(package, SITE / package.name)
    if (KEPT / "launcher").exists() and not packages(SITE):
        LAUNCHER.unlink(missing_ok=True)
    shutil.copy(KEPT / "source.py", (KEPT / "setting").read_text("utf-8"))
    if not compile_ir():
        shutil.copy(KEPT / "ir.yaml", "ir/pipeline.yaml")
    shutil.rmtree(KEPT)


def mend() -> None:
    """What the lab's solution does: no task installs anything."""
    setting = Path((KEPT / "setting").read_text("utf-8"))
    text = setting.read_text("utf-8")
    setting.write_text(
        text.replace("install_kfp_package=True", "install_kfp_package=False"), "utf-8"
    )
    if not compile_ir():
        raise SystemExit("error: the pipeline does not compile")


def main() -> None:
    match sys.argv[1:]:
        case ["lose"]:
            lose()
        case ["restore"]:
            restore()
        case ["mend"]:
            mend()
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main()

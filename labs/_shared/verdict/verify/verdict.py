"""How a check reports what it found, reads files, and runs a program of the learner's."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn


def not_yet(observed: str) -> NoReturn:
    """The system answered, and not as expected."""
    print(f"not yet: {observed}")
    sys.exit(1)


def cannot_tell(reason: str) -> NoReturn:
    """The check could not see. The last line of stderr is what the learner reads."""
    print(reason, file=sys.stderr)
    sys.exit(3)


def broken(kind: type[BaseException], value: BaseException, trace: TracebackType | None) -> None:
    """A check that fails itself has seen nothing: Python's exit code would say "not yet"."""
    sys.__excepthook__(kind, value, trace)
    if issubclass(kind, Exception):
        print(f"the check itself failed: {kind.__name__}: {value}", file=sys.stderr, flush=True)
        sys.stdout.flush()
        os._exit(3)


sys.excepthook = broken


def read_json(path: str) -> Any:
    """A file that a step requires."""
    try:
        return json.loads(Path(path).read_text("utf-8"))
    except FileNotFoundError:
        not_yet(f"{path} does not exist")
    except ValueError as error:
        not_yet(f"{path} is not JSON: {error}")


def forget_bytecode(project: Path = Path()) -> None:
    """Python trusts its cache when size and second of the source agree: too much after an edit.

    The cache lies beside the sources, or in a tree of its own. Packages (.venv) keep theirs.
    """
    for folder in (project, *(entry for entry in project.iterdir() if entry.is_dir())):
        if not folder.name.startswith("."):
            shutil.rmtree(folder / "__pycache__", ignore_errors=True)
    if sys.pycache_prefix:
        apart = Path(sys.pycache_prefix, *project.resolve().parts[1:])
        for entry in apart.glob("[!.]*"):
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)


@contextlib.contextmanager
def fresh_bytecode(project: Path = Path()) -> Iterator[None]:
    """A program of the project that runs within it is compiled anew, and leaves no cache."""
    forget_bytecode(project)
    try:
        yield
    finally:
        forget_bytecode(project)


def run(*argv: str, timeout: float = 20, env: dict[str, str] | None = None) -> Any:
    """Runs a program and reads the JSON that it prints, as a whole or as its last line."""
    typed = " ".join(["python", *argv[1:]] if argv[0] == sys.executable else argv)
    try:
        with fresh_bytecode():
            done = subprocess.run(
                argv, capture_output=True, text=True, timeout=timeout, env=env, check=False
            )
    except subprocess.TimeoutExpired:
        not_yet(f"{typed} did not end within {timeout:g} s")
    if done.returncode != 0:
        tail = (done.stderr or done.stdout).strip().splitlines()
        not_yet(f"{typed} exited with {done.returncode}: {tail[-1] if tail else 'no output'}")
    printed = done.stdout.strip()
    for text in (printed, *printed.splitlines()[-1:]):
        try:
            return json.loads(text)
        except ValueError:
            continue
    not_yet(f"{typed} does not print one JSON object, but: {printed[-200:]!r}")

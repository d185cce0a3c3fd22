"""What the checks share: asking the live server, running programs, saying a verdict."""

import json
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, NoReturn

API = os.environ.get("MLOPS_LAB_ENDPOINT_API", "http://127.0.0.1:<[ port ]>").rstrip("/")


def not_yet(observed: str) -> NoReturn:
    """The system answered, and not as expected."""
    print(f"not yet: {observed}")
    sys.exit(1)


def cannot_tell(reason: str) -> NoReturn:
    """The check could not see. The last line of stderr is what the learner reads."""
    print(reason, file=sys.stderr)
    sys.exit(3)


def ask(path: str, body: bytes | None = None) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(API + path, data=body, timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError as error:
        cannot_tell(f"{API}{path} cannot be reached: {getattr(error, 'reason', error)}")


Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def metrics() -> Series:
    """Every series of the live server, by name and labels."""
    code, body = ask("/metrics")
    if code != 200:
        not_yet(f"/metrics answered {code}")
    series: Series = {}
    for line in body.decode().splitlines():
        if line and not line.startswith("#"):
            key, _, value = line.rpartition(" ")
            name, _, labels = key.rstrip("}").partition("{")
            pairs = (label.partition("=") for label in labels.split(",") if label)
            series[name, frozenset((k, v.strip('"')) for k, _, v in pairs)] = float(value)
    return series


def total(series: Series, name: str, **labels: str) -> float:
    """The sum of all series of this name that carry these labels."""
    wanted = set(labels.items())
    return sum(value for (n, have), value in series.items() if n == name and wanted <= have)


def forget_bytecode() -> None:
    """Python trusts its cache when size and second of the source agree: too much after an edit."""
    for folder in (".", "client", "ops"):
        shutil.rmtree(Path(folder) / "__pycache__", ignore_errors=True)


def run(*argv: str, timeout: float = 15, env: dict[str, str] | None = None) -> Any:
    """Runs a program of the learner's and reads the JSON that it prints, whole or as last line."""
    shown = " ".join(argv)
    forget_bytecode()
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=timeout, env=env, check=False
        )
    except subprocess.TimeoutExpired:
        not_yet(f"{shown} did not end within {timeout:g} s")
    if done.returncode != 0:
        tail = (done.stderr or done.stdout).strip().splitlines()
        not_yet(f"{shown} exited with {done.returncode}: {tail[-1] if tail else 'no output'}")
    printed = done.stdout.strip()
    for text in (printed, *printed.splitlines()[-1:]):
        try:
            return json.loads(text)
        except ValueError:
            continue
    not_yet(f"{shown} does not print one JSON object, but: {printed[-200:]!r}")


def read_json(path: str) -> Any:
    """A file that a step asks for."""
    try:
        return json.loads(Path(path).read_text("utf-8"))
    except FileNotFoundError:
        not_yet(f"{path} does not exist")
    except ValueError as error:
        not_yet(f"{path} is not JSON: {error}")

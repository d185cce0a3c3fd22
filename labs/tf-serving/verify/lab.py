"""What the checks share: asking the live server, running programs, saying a verdict."""

import json
import os
import random
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, NoReturn

API = os.environ.get("MLOPS_LAB_ENDPOINT_API", "http://127.0.0.1:<[ port ]>").rstrip("/")
GRPC = os.environ.get("MLOPS_LAB_ENDPOINT_GRPC", "http://127.0.0.1:<[ grpc_port ]>")
MODEL = "/v1/models/rollback"

sys.path.insert(0, ".")
from features import FEATURES  # noqa: E402 - the project's


def not_yet(observed: str) -> NoReturn:
    """The system answered, and not as expected."""
    print(observed)
    sys.exit(1)


def cannot_tell(reason: str) -> NoReturn:
    """The check could not see. The last line of stderr is what the learner reads."""
    print(reason, file=sys.stderr)
    sys.exit(3)


def ask(path: str, body: bytes | None = None) -> tuple[int, Any]:
    """Status and JSON of the live server's answer."""
    try:
        with urllib.request.urlopen(API + path, data=body, timeout=10) as answer:
            code, text = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        code, text = error.code, error.read()
    except OSError as error:
        cannot_tell(f"{API}{path} cannot be reached: {getattr(error, 'reason', error)}")
    try:
        return code, json.loads(text)
    except ValueError:
        return code, None


def meaning(label: str) -> str | None:
    """The version that a label means on the live server. The status does not tell: it looks at no label."""
    _, answer = ask(f"{MODEL}/labels/{label}/metadata")
    try:
        return answer["model_spec"]["version"]
    except (KeyError, TypeError):
        return None


def states(which: str = "") -> dict[str, str]:
    """The state of each version; one that was taken out has one, too."""
    _, answer = ask(f"{MODEL}{which}")
    return {one["version"]: one["state"] for one in (answer or {}).get("model_version_status", [])}


def predict(which: str, rows: list[list[float]]) -> list[float]:
    """The probabilities that a version or label of the live server gives."""
    code, answer = ask(f"{MODEL}{which}:predict", json.dumps({"instances": rows}).encode())
    try:
        return [float(value) for value in answer["predictions"]]
    except (KeyError, TypeError, ValueError):
        not_yet(f"{MODEL}{which}:predict answers {code}: {json.dumps(answer)[:200]}")


def surprise() -> dict[str, float]:
    """A deployment that nobody could have prepared an answer for."""
    upper = {"lines_changed": 900, "files_touched": 40, "tests_failed": 4, "reviewers": 3}
    upper |= {"hour": 22, "days_since_deploy": 20, "config_changed": 1, "author_deploys": 90}
    return {name: random.randint(0, upper[name]) for name in FEATURES}


def row(deployment: dict[str, float]) -> list[float]:
    return [float(deployment[name]) for name in FEATURES]


def forget_bytecode() -> None:
    """Python trusts its cache when size and second of the source agree: too much after an edit."""
    for folder in (".", "client", "ops"):
        shutil.rmtree(Path(folder) / "__pycache__", ignore_errors=True)


def run(*argv: str, timeout: float = 20, **env: str) -> Any:
    """Runs a program of the learner's and reads the JSON that it prints last."""
    shown = " ".join(argv[1:])
    forget_bytecode()
    try:
        done = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            timeout=timeout,
            env=os.environ | env,
            check=False,
        )
    except subprocess.TimeoutExpired:
        not_yet(f"{shown} did not end within {timeout:g} s")
    if done.returncode != 0:
        tail = (done.stderr or done.stdout).strip().splitlines()
        not_yet(f"{shown} exited with {done.returncode}: {tail[-1] if tail else 'no output'}")
    lines = done.stdout.strip().splitlines()
    try:
        return json.loads(lines[-1])
    except (IndexError, ValueError):
        not_yet(f"{shown} does not print one JSON object, but: {done.stdout.strip()[-200:]!r}")


def said(answer: Any, program: str) -> tuple[float, bool]:
    """The probability and the verdict that a client printed."""
    try:
        probability, rolled_back = float(answer["probability"]), answer["rolled_back"]
    except (KeyError, TypeError, ValueError):
        not_yet(f"{program} must print rolled_back and probability, not {answer!r}")
    if rolled_back is not (probability >= 0.5):
        not_yet(f"{program} says rolled_back {rolled_back} at a probability of {probability}")
    return probability, rolled_back


def read_json(path: str) -> Any:
    """A file that a step asks for."""
    try:
        return json.loads(Path(path).read_text("utf-8"))
    except FileNotFoundError:
        not_yet(f"{path} does not exist")
    except ValueError as error:
        not_yet(f"{path} is not JSON: {error}")

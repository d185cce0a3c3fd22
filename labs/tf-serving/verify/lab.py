"""What the checks share: the live server's versions, labels and predictions."""

import json
import os
import sys
from typing import Any

import live
from deployments import FEATURES, surprise
from verdict import not_yet

API = os.environ.get("MLOPS_LAB_ENDPOINT_API", "http://127.0.0.1:<[ port ]>").rstrip("/")
GRPC = os.environ.get("MLOPS_LAB_ENDPOINT_GRPC", "http://127.0.0.1:<[ grpc_port ]>")
MODEL = "/v1/models/rollback"
PYTHON = sys.executable
ROUNDED = 0.006  # what a client may lose of a probability by rounding it


def ask(path: str, body: bytes | None = None) -> tuple[int, Any]:
    """Status and JSON of the live server's answer."""
    code, text = live.ask(API + path, body)
    try:
        return code, json.loads(text)
    except ValueError:
        return code, None


def meaning(label: str) -> str | None:
    """The version behind a label on the live server. The status does not show it."""
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


def rated(deployment: dict[str, float]) -> list[float]:
    """The probability of this deployment, by each version that is available."""
    available = [number for number, state in states().items() if state == "AVAILABLE"]
    return [predict(f"/versions/{number}", [row(deployment)])[0] for number in available]


def near(value: float, others: list[float], tolerance: float = 1e-4) -> bool:
    return any(abs(value - other) <= tolerance for other in others)


def shown(numbers: list[float]) -> str:
    return " or ".join(f"{number:.4g}" for number in numbers) or "not at all"


def surprises(count: int) -> list[dict[str, float]]:
    """Such that are rated neither 0 nor 1: there, another order of the columns would not show."""
    deployments = [surprise() for _ in range(300)]
    ratings = predict("/labels/stable", [row(deployment) for deployment in deployments])
    pairs = zip(deployments, ratings, strict=True)
    unclear = [deployment for deployment, rating in pairs if 0.1 < rating < 0.9]
    if len(unclear) < count:
        not_yet("the server rates everything 0 or 1: is it the model that you exported?")
    return unclear[:count]


def row(deployment: dict[str, float]) -> list[float]:
    return [float(deployment[name]) for name in FEATURES]


def said(answer: Any, program: str) -> tuple[float, bool]:
    """The probability and the verdict that a client printed."""
    try:
        probability, rolled_back = float(answer["probability"]), answer["rolled_back"]
    except (KeyError, TypeError, ValueError):
        not_yet(f"{program} must print rolled_back and probability, not {answer!r}")
    if not isinstance(rolled_back, bool):
        not_yet(f"{program} must print true or false as rolled_back, not {rolled_back!r}")
    if rolled_back is not (probability >= 0.5):
        not_yet(f"{program} says rolled_back {rolled_back} at a probability of {probability}")
    return probability, rolled_back

"""The drill's release, in models/rollback and in config/models.config; all else stays as it is."""

import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "verify"))

import lab  # first: it finds the project
from google.protobuf import text_format

from wire import config

from tensorflow_serving.config import model_server_config_pb2

MODELS, CONFIG = Path("models/rollback"), Path("config/models.config")
SPECIFIC = re.compile(r"(specific\s*:?\s*\{)([^{}]*?)(\s*\})")
LABEL = re.compile(r"version_labels\s*:?\s*\{[^{}]*\bkey\s*:\s*[\"']stable[\"'][^{}]*\}")


def exported() -> list[int]:
    """The versions that lie there."""
    found = [file.parent.name for file in MODELS.glob("*/saved_model.pb")]
    return sorted(int(name) for name in found if name.isdigit())


def released() -> dict[int, int]:
    """Those that the drill exported, and what each replaced; a learner's own have another card."""
    cards = {number: card(MODELS / str(number) / "assets.extra/card.json") for number in exported()}
    return {
        number: card["replaces"]
        for number, card in cards.items()
        if card.get("created_by") == "release pipeline"
    }


def card(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def model(
    message: model_server_config_pb2.ModelServerConfig,
) -> model_server_config_pb2.ModelConfig:
    return next(one for one in message.model_config_list.config if one.name == "rollback")


def stable() -> int:
    """What the label points to in the file."""
    return config.labels(CONFIG, "rollback")["stable"]


def change(
    edit: Callable[[str], str], make: Callable[[model_server_config_pb2.ModelConfig], None]
) -> None:
    """Edits the file as a person would, with its comments; where it is written in a way that `edit`
    does not know, it is printed from scratch."""
    before = CONFIG.read_text("utf-8")
    wanted = config.models(before)
    make(model(wanted))
    text = edit(before)
    try:
        same = config.models(text) == wanted
    except text_format.ParseError:
        same = False
    new = CONFIG.with_name(".models.config.new")
    new.write_text(text if same else text_format.MessageToString(wanted), "utf-8")
    shutil.copymode(CONFIG, new)
    new.replace(CONFIG)


def load(number: int) -> None:
    """Loads one version more."""

    def make(one: model_server_config_pb2.ModelConfig) -> None:
        policy = one.model_version_policy
        match policy.WhichOneof("policy_choice"):
            case "specific":
                policy.specific.versions.append(number)
            case "latest" | None:  # would throw out what is loaded now
                available = [int(v) for v, state in lab.states().items() if state == "AVAILABLE"]
                policy.specific.versions.extend([*sorted(available), number])

    change(lambda text: SPECIFIC.sub(rf"\1\2 versions: {number}\3", text, count=1), make)


def drop(number: int) -> None:
    """Loads it no longer."""

    def make(one: model_server_config_pb2.ModelConfig) -> None:
        if number in one.model_version_policy.specific.versions:
            one.model_version_policy.specific.versions.remove(number)

    change(lambda text: re.sub(rf"\s*\bversions\s*:\s*{number}\b", "", text), make)


def label(number: int) -> None:
    """Moves the label `stable`."""

    def make(one: model_server_config_pb2.ModelConfig) -> None:
        one.version_labels["stable"] = number

    def edit(text: str) -> str:
        found = LABEL.search(text)
        if not found:
            return text
        moved = re.sub(r"(value\s*:\s*)\d+", rf"\g<1>{number}", found[0])
        return text[: found.start()] + moved + text[found.end() :]

    change(edit, make)

"""What config/server.toml and the environment say, checked before anything starts."""

import os
import tomllib
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

FILE = Path("config/server.toml")
NAME = "smollm2"  # what callers ask for; which file answers is the operator's choice


class SettingsError(ValueError):
    """The server cannot start with these settings; the message has the reason."""


@dataclass(frozen=True)
class Engine:
    model: str
    context: int
    slots: int
    threads: int
    chat_template: str = ""
    kv_unified: bool = False  # one cache for all slots instead of an equal part for each

    @property
    def path(self) -> Path:
        """In the first folder that has it: an image brings a model of its own."""
        folders = os.environ.get("MODELS", "models").split(":")
        paths = [Path(folder) / f"{self.model}.gguf" for folder in folders]
        return next((path for path in paths if path.is_file()), paths[0])


@dataclass(frozen=True)
class Front:
    body_bytes: int = 0
    answer_tokens: int = 0
    queue: int = 0
    per_caller: int = 0
    drain_seconds: int = 0


@dataclass(frozen=True)
class Settings:
    engine: Engine
    front: Front
    host: str
    port: int
    socket: str  # where llama.cpp listens: a path that only this user can open


def read(file: Path = FILE) -> Settings:
    try:
        document = tomllib.loads(file.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{file}: {error}") from None
    engine, front = (_table(kind, document, file) for kind in (Engine, Front))
    if os.environ.get("MODEL"):  # a candidate runs with the settings of what it may replace
        engine = replace(engine, model=os.environ["MODEL"])
    for name in ("context", "slots", "threads"):
        if getattr(engine, name) < 1:
            raise SettingsError(f"{file}: {name}: expected 1 or more")
    if not engine.path.is_file():
        raise SettingsError(f"{file}: there is no {engine.path}")
    return Settings(
        engine=engine,
        front=front,
        host=os.environ.get("HOST", "127.0.0.1"),
        port=int(os.environ.get("PORT", "8080")),
        socket=os.environ.get("ENGINE_SOCKET", "run/engine.sock"),
    )


def _table(kind: type, document: dict[str, Any], file: Path) -> Any:
    table = document.get(kind.__name__.lower(), {})
    known = {field.name: field.type for field in fields(kind)}
    for key, value in table.items():
        if key not in known:
            raise SettingsError(f"{file}: {key}: no such setting; known are {', '.join(known)}")
        if type(value) is not known[key] or (known[key] is int and value < 0):
            raise SettingsError(f"{file}: {key}: expected {known[key].__name__}, got {value!r}")
    try:
        return kind(**table)
    except TypeError as error:
        raise SettingsError(f"{file}: [{kind.__name__.lower()}]: {error}") from None

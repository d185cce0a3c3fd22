"""Everything that differs between machines, from the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from server.bounds import Limits

NAME = "<[ project_name ]>"
VERSION = "1.0"


@dataclass(frozen=True)
class Settings:
    host: str = "127.0.0.1"
    port: int = 8080
    models_dir: Path = Path("models")
    routing_file: Path = Path("config/routing.json")
    drain_seconds: float = (
        2.0  # between "not ready" and the stop: as long as callers need to notice
    )
    max_body_bytes: int = 1024 * 1024
    max_rows: int = 1024
    limits: Limits = field(default_factory=Limits)
    log_format: str = "text"  # or json, for machines that read
    observer: str = ""  # MODULE:FUNCTION of the lab, which sees each request that is answered

    @classmethod
    def read(cls, env: Mapping[str, str] = os.environ) -> "Settings":
        return cls(
            host=env.get("HOST", cls.host),
            port=int(_number(env, "PORT", cls.port)),
            models_dir=Path(env.get("MODELS_DIR", cls.models_dir)),
            routing_file=Path(env.get("ROUTING_FILE", cls.routing_file)),
            drain_seconds=_number(env, "DRAIN_SECONDS", cls.drain_seconds),
            max_body_bytes=int(_number(env, "MAX_BODY_BYTES", cls.max_body_bytes)),
            max_rows=int(_number(env, "MAX_ROWS", cls.max_rows)),
            limits=Limits(
                connections=int(_number(env, "MAX_CONNECTIONS", Limits.connections)),
                head_seconds=_number(env, "HEAD_SECONDS", Limits.head_seconds),
                body_seconds=_number(env, "BODY_SECONDS", Limits.body_seconds),
                answer_seconds=_number(env, "ANSWER_SECONDS", Limits.answer_seconds),
            ),
            log_format=env.get("LOG_FORMAT", cls.log_format),
            observer=env.get("OBSERVER", cls.observer),
        )


def _number(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name, "").strip()
    if not text:
        return default
    try:
        number = float(text)
    except ValueError:
        raise SystemExit(f"error: {name}={text!r} is not a number") from None
    if not 0 <= number < float("inf"):
        raise SystemExit(f"error: {name}={text!r} must be 0 or more")
    return number

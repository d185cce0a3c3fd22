"""Fills the addresses and keys of the environment into a private copy of config/envoy.yaml."""

import os
import re
from pathlib import Path

SOURCE = Path("config/envoy.yaml")
HOLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")
VALUE = re.compile(r"[A-Za-z0-9._:/-]+")  # nothing that could end a string of YAML


class SettingsError(ValueError):
    """The gateway cannot start with these settings; the message has the reason."""


def fill(text: str) -> str:
    """Line by line, so that a line of the copy is the same line of the source."""
    return "\n".join(
        # A comment needs no value, and may be read by everybody.
        line
        if line.lstrip().startswith("#")
        else HOLE.sub(lambda hole, place=f"{SOURCE}:{number}": value(hole[1], place), line)
        for number, line in enumerate(text.split("\n"), 1)
    )


def value(name: str, place: str) -> str:
    found = os.environ.get(name, "")
    if not found:
        raise SettingsError(f"{place}: {name} is not set, neither in .env nor in the environment")
    if not VALUE.fullmatch(found):
        raise SettingsError(f"{place}: {name} may have letters, digits and . _ : / - only")
    return found


def write(target: Path) -> None:
    """The copy has keys in it: nobody else may read it, not even for a moment."""
    try:
        text = fill(SOURCE.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"{SOURCE}: {error.strerror}") from None
    target.parent.mkdir(mode=0o700, exist_ok=True)
    target.unlink(missing_ok=True)
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)

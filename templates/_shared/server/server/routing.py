"""Which version answers: weights from a file, reread while the server runs."""

import asyncio
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from server.repository import Repository

log = logging.getLogger(__name__)

POLL_SECONDS = 0.25


class RoutesError(ValueError):
    """The routing file cannot be used; the message has the reason."""


class Route:
    """Smooth weighted round robin: 90/10 is exactly one in ten, evenly spread, without chance."""

    def __init__(self, weights: dict[str, int]) -> None:
        self.weights = {version: weight for version, weight in weights.items() if weight > 0}
        self.total = sum(self.weights.values())
        self._credit = dict.fromkeys(self.weights, 0)

    def pick(self) -> str:
        """Every version earns its weight; the richest answers and pays the total."""
        for version, weight in self.weights.items():
            self._credit[version] += weight
        chosen = max(self._credit, key=self._credit.__getitem__)
        self._credit[chosen] -= self.total
        return chosen


def parse(text: bytes, repository: Repository) -> dict[str, Route]:
    """Reads {"MODEL": {"VERSION": WEIGHT}}; anything that could not be served is refused."""
    try:
        document = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise RoutesError(f"not JSON: {error}") from None
    if not isinstance(document, dict):
        raise RoutesError('expected {"MODEL": {"VERSION": WEIGHT}}')
    for model in document.keys() - repository.models.keys():
        raise RoutesError(f"no model {model!r} is loaded")
    for model in repository.models.keys() - document.keys():
        raise RoutesError(f"no route for model {model!r}")
    return {
        model: Route(_weights(model, weights, repository)) for model, weights in document.items()
    }


def _weights(model: str, weights: object, repository: Repository) -> dict[str, int]:
    if not isinstance(weights, dict):
        raise RoutesError(f'{model}: expected {{"VERSION": WEIGHT}}')
    for version, weight in weights.items():
        if type(weight) is not int or not 0 <= weight <= 1_000_000:  # bool is an int, too
            raise RoutesError(
                f"{model}: the weight of version {version} must be a whole number >= 0"
            )
        if version not in repository.models[model]:
            raise RoutesError(f"{model}: version {version!r} is not loaded")
    if not any(weights.values()):
        raise RoutesError(f"{model}: all weights are 0")
    return weights


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return dict(pairs)


class Router:
    """The routes in force. A bad file changes nothing but the log and the reload metric."""

    def __init__(
        self, file: Path, repository: Repository, on_reload: Callable[["Router", bool], None]
    ) -> None:
        self.routes: dict[str, Route] = {}
        self.problem = f"{file} was not read yet"
        self.repository = repository
        self._file = file
        self._on_reload = on_reload
        self._seen: bytes | None = None

    def reload(self) -> None:
        """Compares the content: time stamps are coarse, and editors replace the file."""
        try:
            text = self._file.read_bytes()
        except OSError as error:
            text, missing = b"", f"cannot read: {error.strerror}"
        else:
            missing = ""
        if text == self._seen:
            return
        self._seen = text
        try:
            if missing:
                raise RoutesError(missing)
            self.repository.refresh()  # a release may bring its version along
            self.routes = parse(text, self.repository)
        except RoutesError as error:
            self.problem = f"{self._file}: {error}"
            log.error("routes refused, the old ones stay: %s", self.problem)
            self._on_reload(self, False)
        else:
            self.problem = ""
            shown = {model: route.weights for model, route in self.routes.items()}
            log.info("routes in force: %s", json.dumps(shown))
            self._on_reload(self, True)

    async def watch(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                self.reload()
            except Exception:  # whatever it was, the next look must still happen
                log.exception("the routing file could not be looked at")

"""The weights, without a server."""

from collections import Counter
from pathlib import Path

import pytest

from server.repository import Repository
from server.routing import Route, RoutesError, parse

REPOSITORY = Repository(
    Path("nowhere"),
    {"rollback": {"1": None, "2": None}},  # type: ignore[dict-item]
)


@pytest.mark.parametrize(
    "weights", [{"1": 90, "2": 10}, {"1": 1, "2": 1}, {"1": 5, "2": 3, "3": 2}, {"1": 7, "2": 0}]
)
def test_any_full_round_is_exact(weights: dict[str, int]) -> None:
    route = Route(weights)
    picked = Counter(route.pick() for _ in range(3 * route.total))
    assert picked == Counter({version: 3 * weight for version, weight in weights.items()})


def test_the_minority_is_spread_evenly() -> None:
    route = Route({"1": 3, "2": 1})
    assert "".join(route.pick() for _ in range(8)) == "11211121"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "expected"),
        (b"{}", "no route"),
        (b'{"rollback": {"1": 1}, "other": {"1": 1}}', "no model"),
        (b'{"rollback": 1}', "expected"),
        (b'{"rollback": {"3": 1}}', "not loaded"),
        (b'{"rollback": {"1": 1, "1": 2}}', "twice"),
        (b'{"rollback": {"1": 0}}', "all weights"),
        (b'{"rollback": {}}', "all weights"),
        (b'{"rollback": {"1": -1, "2": 2}}', "whole number"),
        (b'{"rollback": {"1": 0.5}}', "whole number"),
        (b'{"rollback": {"1": true}}', "whole number"),
        (b'{"rollback": {"1": "9"}}', "whole number"),
        (b'{"rollback": {"1": NaN}}', "whole number"),
    ],
)
def test_bad_files_are_refused_with_the_reason(text: bytes, reason: str) -> None:
    with pytest.raises(RoutesError, match=reason):
        parse(text, REPOSITORY)

"""The world outside: releases of an export, a campaign, outcomes that come late."""

import json
from pathlib import Path

import numpy as np
import pytest

from features import FEATURES
from traffic import source
from traffic.__main__ import outcomes


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(source, "CONFIG", tmp_path / "traffic.json")
    return source.CONFIG


def factor(name: str) -> float:
    return float(source.factors()[FEATURES.index(name)])


def test_a_release_and_a_campaign_change_one_column_each(config: Path) -> None:
    config.write_text('{"export": "2026.47", "campaign": false}')
    assert np.all(source.factors() == 1)
    config.write_text('{"export": "2026.48", "campaign": true}')
    assert factor("days_since_deploy") == 24
    assert factor("lines_changed") > 1
    assert np.count_nonzero(source.factors() != 1) == 2


def test_half_a_file_is_the_one_before(config: Path) -> None:
    config.write_text('{"export": "2026.48"}')
    assert factor("days_since_deploy") == 24
    config.write_text('{"exp')
    assert factor("days_since_deploy") == 24


def test_outcomes_wait_for_their_time() -> None:
    due = [(1.0, "a", 1), (2.0, "b", 0)]
    first = [json.loads(line) for text in outcomes(due, 1.5) for line in text.splitlines()]
    assert {"id": "a", "rolled_back": 1} in first
    assert all(line["id"] != "b" for line in first)
    assert [identity for _, identity, _ in due] == ["b"]

"""What computes the live quality reads files that grow, and those that begin anew."""

from collections import deque
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from quality.__main__ import Lines, score


def auc_of(version: str) -> float | None:
    return REGISTRY.get_sample_value("model_live_auc", {"version": version})


def test_only_whole_lines_are_read(tmp_path: Path) -> None:
    file = tmp_path / "lines"
    lines = Lines(file)
    assert lines.new() == []
    file.write_text('{"id": "a"}\n{"id"', "utf-8")
    assert lines.new() == [{"id": "a"}]
    with file.open("a") as more:
        more.write(': "b"}\n')
    assert lines.new() == [{"id": "b"}]


def test_a_file_that_begins_anew_is_read_from_its_start(tmp_path: Path) -> None:
    file = tmp_path / "lines"
    lines = Lines(file)
    file.write_text('{"id": "a"}\n{"id": "b"}\n', "utf-8")
    lines.new()
    file.write_text('{"id": "c"}\n', "utf-8")
    assert lines.new() == [{"id": "c"}]


def test_a_version_with_few_pairs_has_no_auc(monkeypatch: pytest.MonkeyPatch) -> None:
    few = {"7": [(0.1, 0), (0.9, 1)], "8": [(n / 200, int(n >= 100)) for n in range(200)]}
    monkeypatch.setattr("quality.__main__.join", lambda *_: few)
    score(deque(), deque())
    assert auc_of("7") is None
    assert auc_of("8") == 1.0

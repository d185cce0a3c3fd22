"""What the tests share: an artifact without a pipeline."""

from collections.abc import Callable
from pathlib import Path

import pytest
from kfp import dsl

New = Callable[[type[dsl.Artifact], str], dsl.Artifact]


@pytest.fixture
def new(tmp_path: Path) -> New:
    """An artifact as the runner would hand it to a task: a place to write to, and metadata."""
    return lambda kind, name: kind(name=name, uri=str(tmp_path / name), metadata={})

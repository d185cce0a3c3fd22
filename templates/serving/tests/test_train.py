"""The data and the score that everything else is judged by."""

import json
from pathlib import Path

import numpy as np
import pytest

from train.data import auc, make


def test_the_same_seed_draws_the_same_deployments() -> None:
    one, two = make(100, 1), make(100, 1)
    assert (one.features == two.features).all()
    assert (one.rolled_back == two.rolled_back).all()
    assert not (make(100, 2).features == one.features).all()


def test_auc_of_known_cases() -> None:
    outcome = np.array([0, 0, 1, 1])
    assert auc(outcome, np.array([0.1, 0.2, 0.8, 0.9])) == 1
    assert auc(outcome, np.array([0.9, 0.8, 0.2, 0.1])) == 0
    assert auc(outcome, np.array([0.5, 0.5, 0.5, 0.5])) == 0.5
    assert auc(outcome, np.array([0.1, 0.4, 0.35, 0.8])) == 0.75
    with pytest.raises(ValueError, match="both kinds"):
        auc(np.array([1, 1]), np.array([0.1, 0.2]))


def test_version_2_is_better_than_version_1(models: Path) -> None:
    score = {
        version: json.loads((models / "rollback" / version / "metadata.json").read_text())["auc"]
        for version in ("1", "2")
    }
    # A tolerance, not the exact value: other processors round otherwise.
    assert score["1"] == pytest.approx(0.83, abs=0.01)
    assert score["2"] == pytest.approx(0.85, abs=0.01)
    assert score["2"] > score["1"] + 0.01

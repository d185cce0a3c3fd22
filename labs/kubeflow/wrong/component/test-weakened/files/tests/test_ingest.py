"""A component is a function: `python_func` calls it without a runner, an image or a cluster."""

from pathlib import Path

import numpy as np
from kfp import dsl
from numpy.typing import NDArray

from features import FEATURES
from pipeline.tasks.ingest import ingest
from tests.conftest import New
from train.data import make

ROWS = 400


def rows_of(dataset: dsl.Artifact) -> NDArray[np.float64]:
    return np.loadtxt(dataset.path, delimiter=",", skiprows=1)


def fetched(new: New, seed: int, run: str = "") -> tuple[dsl.Artifact, dsl.Artifact]:
    training, holdout = new(dsl.Dataset, f"training{run}"), new(dsl.Dataset, f"holdout{run}")
    ingest.python_func(ROWS, seed, training, holdout)
    return training, holdout


def test_a_quarter_is_put_aside(new: New) -> None:
    training, holdout = fetched(new, seed=7)
    assert rows_of(training).shape == (300, len(FEATURES) + 1)
    assert rows_of(holdout).shape == (100, len(FEATURES) + 1)
    assert training.metadata == {"rows": 300}


def test_every_deployment_is_in_exactly_one_of_the_two(new: New) -> None:
    training, holdout = (rows_of(dataset).tolist() for dataset in fetched(new, seed=7))
    data = make(ROWS, 7)
    everything = np.column_stack([data.features, data.rolled_back]).tolist()
    assert len(training + holdout) == len(everything)


def test_the_same_seed_gives_the_same_files(new: New) -> None:
    once, again = fetched(new, 7, "1"), fetched(new, 7, "2")
    for one, two in zip(once, again, strict=True):
        assert Path(one.path).read_bytes() == Path(two.path).read_bytes()

"""Past deployments and whether they were rolled back: synthetic, seeded, always the same."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features import FEATURES

TRAIN_SEED = 7
HOLDOUT_SEED = 11  # deployments that no version has seen: what the versions are judged by


class Deployments(NamedTuple):
    features: NDArray[np.float32]  # one row a deployment, columns as in FEATURES
    rolled_back: NDArray[np.int64]  # 1 or 0


def make(rows: int, seed: int) -> Deployments:
    """Draws deployments. The rules below are what a model has to find out from the rows alone."""
    rng = np.random.default_rng(seed)
    lines = np.round(rng.lognormal(4.2, 1.2, rows))
    column = {
        "lines_changed": lines,
        "files_touched": np.round(1 + lines**0.6 * rng.uniform(0.2, 0.8, rows)),
        "tests_failed": rng.poisson(0.5, rows),
        "reviewers": rng.integers(0, 4, rows),
        "hour": rng.integers(7, 23, rows),
        "days_since_deploy": np.round(rng.exponential(6.0, rows)),
        "config_changed": rng.integers(0, 2, rows),
        "author_deploys": np.round(rng.exponential(40.0, rows)),
    }
    size = np.log1p(column["lines_changed"])
    late = column["hour"] >= 17
    risk = (
        -4.9
        + 0.70 * size
        + 1.10 * column["tests_failed"]
        - 0.45 * column["reviewers"]
        + 0.05 * column["days_since_deploy"]
        - 0.012 * column["author_deploys"]
        # Two effects that no straight line can follow: boosted trees can.
        + 1.6 * late * (column["reviewers"] == 0)
        + 0.35 * column["config_changed"] * size
    )
    rolled_back = rng.random(rows) < 1 / (1 + np.exp(-risk))
    table = np.column_stack([column[name] for name in FEATURES])
    return Deployments(table.astype(np.float32), rolled_back.astype(np.int64))


def auc(rolled_back: NDArray[np.int64], probability: NDArray[np.floating]) -> float:
    """The chance that a deployment that was rolled back is rated riskier than one that was not.

    1.0 is perfect, 0.5 is a coin. It is the Mann-Whitney statistic: ranks, with ties shared.
    """
    _, inverse, counts = np.unique(probability, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    positives = int(rolled_back.sum())
    negatives = len(rolled_back) - positives
    if positives == 0 or negatives == 0:
        raise ValueError("the AUC needs deployments of both kinds")
    rank_sum = float(ranks[rolled_back == 1].sum())
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)
